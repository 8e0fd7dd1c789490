"""Words as people shorten them in chats, written out: "q pido pa la otra semana", "qty to order nxt wk"."""

import re

from yunque.assistant.date_words import ORDINALS
from yunque.assistant.fold import words

_SHORT = {
    short: whole.replace("_", " ")
    for short, whole in (
        pair.split("=")
        for pair in words(
            "q=que k=que ke=que qe=que xq=por_que pq=por_que xk=por_que pk=por_que porq=por_que x=por "
            "pa=para pal=para_el pa'=para d=de dl=del tb=tambien tmb=tambien tbn=tambien bn=bien "
            "dnd=donde cdo=cuando cuant=cuanto cto=cuanto nomas=solo noms=solo ps=pues pos=pues "
            "msj=mensaje prov=proveedor art=articulo arts=articulos prod=producto prods=productos "
            "inv=inventario cant=cantidad uds=unidades unids=unidades und=unidades unds=unidades "
            "vtas=ventas vta=venta ped=pedido pxmo=proximo prox=proximo sem=semana ult=ultimo "
            "ultms=ultimos toy=estoy tamos=estamos ta=esta u=you ur=your r=are pls=please plz=please "
            "thx=thanks qty=quantity qtys=quantities wk=week wks=weeks mo=month mos=months mth=month "
            "mths=months yr=year yrs=years nxt=next prev=previous tmrw=tomorrow tmr=tomorrow b4=before "
            "gonna=going_to wanna=want_to gotta=have_to lemme=let_me gimme=give_me whats=what_is "
            "what's=what_is hows=how_is how's=how_is wheres=where_is w/=with w/o=without cuz=because "
            "bc=because vs.=vs fcst=forecast fcast=forecast est=estimated avg=average amt=amount "
            "recs=recommendations suppl=supplier whse=warehouse wh=warehouse prods.=products "
            "invt=inventory rn=now "
        )
    )
}
_FIGURE = frozenset(
    ["q", "k", "x", "d", "r", "u"]
)  # that are something else beside a figure, or after the word "class"
_WORD = re.compile(r"(?<![\w@$/.-])(?:w/o|w/|[a-z]+(?:'[a-z]*)?)(?![\w/-])")
_KEPT = re.compile(r"(?:\d|\bclase|\bclass|\btipo|\bgrupo|[$%])\s*$")


_PLACE = "(?:" + "|".join(ORDINALS) + ")"
_SHARED = re.compile(
    rf"\b({_PLACE}) ((?:y|and|o|or|vs|contra|versus|con|to|al?) (?:el |la |the )?{_PLACE}) "
    r"(trimestre|semestre|bimestre|quincena|semana|quarter|half|semester|week)\b"
)


def with_own_units(text: str) -> str:
    """Give a text whose ordinals have a unit each: "first and second quarter" as "first quarter and ..."."""
    return _SHARED.sub(r"\1 \3 \2 \3", text)


def written_out(text: str) -> str:
    """Give a folded text with the words of chats written out; letters beside figures stay ("q3", "300 k")."""
    return _WORD.sub(_whole, text.replace("in two minds", "not sure"))


def _whole(match: re.Match[str]) -> str:
    word = match.group()
    whole = _SHORT.get(word)
    if whole is None:
        return word
    text = match.string
    beside = _KEPT.search(text[: match.start()]) or re.match(r"\s*\d", text[match.end() :])
    if word in _FIGURE and beside and not _is_que(word, text, match):
        return word
    return whole


def _is_que(word: str, text: str, match: re.Match[str]) -> bool:
    """Whether a "q" behind a figure is a "que" all the same: "los 3 q mas crecen"."""
    return (
        word in {"q", "k"}
        and re.match(r"\s+(?:mas|menos|se|me|no|hay|debo|van|son)\b", text[match.end() :]) is not None
    )
