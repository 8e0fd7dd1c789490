"""The officer's desk: queue, clients, decisions by two people, calendar, exports, case files, the log."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from pypdf import PdfReader

from yunque.errors import AccessError, NotFoundError, UsageError
from yunque.runtime.clock import FixedClock
from yunque.runtime.database import open_database
from yunque.runtime.storage_memory import MemoryStorage
from yunque.services import (
    aml_agenda,
    aml_anchor,
    aml_case,
    aml_client,
    aml_export,
    aml_queue,
    aml_record,
    aml_sheet,
    aml_xml,
)
from yunque.services.aml_desk import Desk, read_document
from yunque.services.aml_enrich import enrich_file
from yunque.services.aml_queue import Decision, QueueWish
from yunque.services.aml_run import rerun, run_pending
from yunque.solutions.aml.layers import Layer, Scores
from yunque.solutions.aml.store.audit import Entry, entries, record
from yunque.solutions.aml.store.tables import AUDIT

NOW = datetime(2026, 9, 10, 18, tzinfo=UTC)
HEADER = "id_operacion,cliente_id,monto,fecha,tipo_operacion,fraccion,en_lista,intento"
ROWS = (
    "a1,ana,376565.10,2026-03-01,transferencia,VIII,no,no",
    "a2,ana,376565.10,2026-08-31,transferencia,VIII,no,no",
    "b1,beto,800000,2026-08-02,efectivo,VIII,no,no",
    "c1,caro,1,2026-09-09,transferencia,VIII,si,si",
    "d1,dina,5,2026-08-02,transferencia,VIII,no,no",
    "e1,+eva,5,2026-08-02,transferencia,VIII,no,no",
)
XSD = b"""<?xml version="1.0"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:veh" xmlns="urn:veh" elementFormDefault="qualified">
 <xs:element name="archivo"><xs:complexType><xs:sequence><xs:element name="informe"><xs:complexType><xs:sequence>
  <xs:element name="mes_reportado" type="xs:string"/>
  <xs:element name="sujeto_obligado"><xs:complexType><xs:sequence>
   <xs:element name="clave_sujeto_obligado" type="xs:string"/><xs:element name="clave_actividad" type="xs:string"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="aviso" maxOccurs="unbounded"><xs:complexType><xs:sequence>
   <xs:element name="referencia_aviso" type="xs:string"/><xs:element name="prioridad" type="xs:string"/>
   <xs:element name="persona_aviso"><xs:complexType><xs:sequence><xs:element name="rfc" type="xs:string"/></xs:sequence></xs:complexType></xs:element>
   <xs:element name="detalle_operaciones"><xs:complexType><xs:sequence><xs:element name="datos_operacion"><xs:complexType><xs:sequence>
    <xs:element name="fecha_operacion" type="xs:string"/><xs:element name="monto_operacion" type="xs:decimal"/>
   </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
 </xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
</xs:schema>"""


@pytest.fixture
def desk(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(NOW))
    made = Desk(folder=tmp_path / "aml", database=database, clock=database.clock, actor="olga")
    source = tmp_path / "in.csv"
    source.write_text("\n".join([HEADER, *ROWS]) + "\n")
    enrich_file(made, source, analysis_id="x")
    assert run_pending(made, "x")[0].state == "processed"
    yield made
    database.engine.dispose()


def queue(desk, **wish):
    return aml_queue.queue(desk, QueueWish(**wish))["items"]


def test_the_queue_is_sorted_by_due_day_and_then_by_severity(desk):
    items = queue(desk)
    assert [(it["id_operacion"], it["clase"], it["vence"]) for it in items] == [
        ("c1", "preocupante", "2026-09-11"),
        ("b1", "preocupante", "2026-09-17"),
        ("a2", "relevante", "2026-09-17"),
    ]
    assert items[0]["vence_24h"] == "2026-09-11T18:00:00+00:00" and items[0]["dias"] == 1
    assert "$753,130.20" in items[2]["razon"] and not items[2]["vencida"]
    later = replace(desk, clock=FixedClock(datetime(2026, 9, 18, 18, tzinfo=UTC)))
    assert all(it["vencida"] for it in queue(later))
    assert [it["id_operacion"] for it in queue(desk, client_id="ana")] == ["a2"]


def test_rows_drawn_below_the_line_are_in_the_queue_and_marked(desk, tmp_path):
    def score(rows):
        chosen = pl.col("id_operacion").is_in(["f1", "f3"])
        table = rows.select("id_operacion", p_sospecha=pl.lit(0.01), anomalia=pl.lit(0.2), sorteada=chosen)
        return Scores(table=table, unusual=0.5, worrying=0.9, layers=(Layer(name="supervisada", ran=True),))

    source = tmp_path / "more.csv"
    told = [f"f{n},fede,{7 + n},2026-08-02,transferencia,VIII,no,no" for n in range(3)]
    told.append("f3,fede,800000,2026-08-03,transferencia,VIII,no,no")
    source.write_text("\n".join([HEADER, *told]) + "\n")
    enrich_file(replace(desk, scorer=score), source, analysis_id="y")
    assert run_pending(replace(desk, scorer=score), "y")[0].state == "processed"
    items = {it["id_operacion"]: it for it in queue(desk)}
    assert {name for name, it in items.items() if it["muestra"]} == {"f1", "f3"}
    assert "f0" not in items and list(items)[-1] == "f1"  # nothing of it is due: it comes last
    assert "Sorteada" in items["f1"]["razon"] and "Sorteada" not in items["f3"]["razon"]
    aml_queue.decide(desk, [Decision(operation_id="f1", verdict="descartar", note="compra normal")])
    assert "f1" not in [it["id_operacion"] for it in queue(desk)]


def test_a_worrying_operation_is_closed_by_two_people_and_every_decision_has_a_note(desk):
    with pytest.raises(UsageError, match="note"):
        aml_queue.decide(desk, [Decision(operation_id="b1", verdict="descartar", note=" ")])
    with pytest.raises(UsageError, match="number zero"):
        aml_queue.decide(desk, [Decision(operation_id="b1", verdict="descartar", note="a\0")])
    with pytest.raises(NotFoundError):
        aml_queue.decide(desk, [Decision(operation_id="zz", verdict="descartar", note="n")])
    told = [Decision(operation_id=name, verdict="descartar", note="visto") for name in ("b1", "a2")]
    first, second = aml_queue.decide(desk, told)
    assert first.disposition.needs_second and not second.disposition.needs_second
    assert {it["id_operacion"]: it["estado"] for it in queue(desk)} == {"c1": "nueva", "b1": "por_firmar"}
    with pytest.raises(AccessError):
        aml_queue.second(desk, first.number, "yo misma")
    aml_queue.second(replace(desk, actor="pepe"), first.number, "de acuerdo")
    assert [it["id_operacion"] for it in queue(desk)] == ["c1"]
    assert len(queue(desk, with_closed=True)) == 3
    assert aml_record.decisions(desk, limit=10, offset=0)["total"] == 3
    assert [entry["action"] for entry in entries(desk.database, "local", limit=2)] == [
        "segunda_firma",
        "disposicion",
    ]


def test_a_confirmed_suspicion_starts_a_clock_and_stays_until_the_notice_is_sent(desk):
    aml_queue.decide(desk, [Decision(operation_id="a2", verdict="confirmar", note="fuentes")])
    found = next(it for it in queue(desk) if it["id_operacion"] == "a2")
    assert found["vence_24h"] == "2026-09-11T18:00:00+00:00" and found["estado"] == "confirmada"
    sent = Decision(operation_id="a2", verdict="aviso_presentado", note="enviado", reference="F-1")
    aml_queue.decide(desk, [sent])
    assert "a2" not in [it["id_operacion"] for it in queue(desk)]


def test_repeats_of_a_client_are_shown_once_when_asked(desk, tmp_path):
    source = tmp_path / "more.csv"
    source.write_text("\n".join([HEADER, "b2,beto,900000,2026-08-02,efectivo,VIII,no,no"]) + "\n")
    enrich_file(desk, source, analysis_id="y")
    shown = queue(desk, grouped=True)
    assert [(it["id_operacion"], it["repetidas"]) for it in shown][1] == ("b1", ["b2"])
    assert len(queue(desk)) == 4


def test_a_client_shows_the_sums_and_what_is_missing_to_each_threshold(desk):
    told = aml_client.client_view(desk, "ana")
    (one,) = told["umbrales"]
    # today is 2026-09-10: the window begins on 2026-03-10 and no longer holds the act of 2026-03-01
    assert (one["desde"], one["actos_que_cuentan"], one["suma_pesos"]) == ("2026-03-10", 1, "376565.10")
    assert one["falta_aviso"] == "376565.10" and one["aviso"] == "753130.20"
    assert one["falta_identificacion"] == "376565.10" and one["suma_umas"] == "3210.0000"
    assert told["perfil"]["suma"] == "753130.20" and told["perfil"]["en_efectivo"] == "0.00"
    assert [row["id_operacion"] for row in told["operaciones"]] == ["a2", "a1"]
    assert [it["id_operacion"] for it in told["pendientes"]] == ["a2"]
    with pytest.raises(NotFoundError):
        aml_client.client_view(desk, "nadie")
    assert entries(desk.database, "local", limit=1)[0]["action"] == "cliente_visto"
    dina = aml_client.client_view(desk, "dina")["umbrales"][0]
    assert dina["suma_pesos"] == "0.00" and dina["falta_aviso"] == "753130.20"


def test_the_calendar_has_day_17_reports_of_nothing_and_clocks(desk):
    told = aml_agenda.agenda(desk, fractions=["VIII", "XV"])
    due = {(it["mes"], it["fraccion"]): (it["que"], it["avisos"], it["vence"]) for it in told["por_enviar"]}
    assert due["2026-08", "VIII"] == ("avisos", 2, "2026-09-17")
    assert due["2026-08", "XV"] == ("informe_en_ceros", 0, "2026-09-17")
    assert due["2026-07", "VIII"] == ("informe_en_ceros", 0, "2026-08-17")
    assert [it["id_operacion"] for it in told["relojes_24h"]] == ["c1"]
    with pytest.raises(UsageError, match="fraction"):
        aml_agenda.agenda(desk, fractions=["XX"])
    assert aml_agenda.agenda(desk)["notas"]


def test_the_review_export_runs_nothing_in_a_spreadsheet_and_is_in_the_log(desk):
    made = aml_export.export(desk, key="VEH", month=date(2026, 8, 1), form="csv")
    rows = list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"))))
    assert [(row["id_operacion"], row["tipo"], row["vence"]) for row in rows] == [
        ("a2", "aviso_mensual", "2026-09-17"),
        ("b1", "aviso_mensual", "2026-09-17"),
    ]
    assert rows[0]["acumulado_ids"] == "a1 a2"
    newest = entries(desk.database, "local", limit=1)[0]
    assert newest["details"]["sha256"] == made.sha256
    assert aml_export.export(desk, key="VEH", month=date(2026, 8, 1), form="xlsx").content[:2] == b"PK"
    with pytest.raises(NotFoundError):
        aml_export.export(desk, key="ZZZ", month=date(2026, 8, 1), form="csv")
    assert [aml_export.harmless(it) for it in ("=1+1", "@x", "-5", "a=b", None)] == [
        *("'=1+1", "'@x", "'-5", "a=b", "")
    ]


def test_xml_only_where_a_person_loaded_the_schema_and_only_when_it_validates(desk):
    store = MemoryStorage()
    ask = {"key": "VEH", "month": date(2026, 8, 1)}
    with pytest.raises(aml_xml.SchemaError, match="nadie ha cargado"):
        aml_xml.export_xml(desk, store, **ask, given={})
    with pytest.raises(aml_xml.SchemaError):
        aml_xml.load_schema(desk, store, "VEH", b"<a/>", "portal")
    outside = XSD.replace(
        b'<xs:element name="archivo">',
        b'<xs:include schemaLocation="/etc/passwd"/><xs:element name="archivo">',
    )
    with pytest.raises(aml_xml.SchemaError, match="otros archivos"):
        aml_xml.load_schema(desk, store, "VEH", outside, "portal")
    with pytest.raises(UsageError, match="comes from"):
        aml_xml.load_schema(desk, store, "VEH", XSD, " ")
    digest = aml_xml.load_schema(desk, store, "VEH", XSD, "una prueba")
    with pytest.raises(aml_xml.SchemaError, match="no valida"):
        aml_xml.export_xml(desk, store, **ask, given={"clave_sujeto_obligado": "ABC"})
    people = {name: {"persona_aviso": {"rfc": "XAXX010101000"}} for name in ("ana", "beto")}
    given = {"clave_sujeto_obligado": "ABC", "personas": people}
    made = aml_xml.export_xml(desk, store, **ask, given=given)
    assert b"<referencia_aviso>a2</referencia_aviso>" in made.content and b"202608" in made.content
    assert entries(desk.database, "local", limit=1)[0]["details"]["xsd"] == digest
    with pytest.raises(aml_xml.SchemaError, match="No hay avisos"):
        aml_xml.export_xml(desk, store, key="VEH", month=date(2026, 1, 1), given=given)
    odd = {"personas": {"ana": {"persona_aviso": {"rfc": "a\0b"}}}}
    with pytest.raises(UsageError, match="XML cannot hold"):
        aml_xml.export_xml(desk, store, **ask, given=odd)
    with pytest.raises(UsageError, match="name an element"):
        aml_xml.export_xml(desk, store, **ask, given={"personas": {"ana": {"a b": "x"}}})


def test_a_case_file_is_a_document_with_a_hash(desk):
    made = aml_case.case_file(desk, "ana")
    assert made.content.startswith(b"%PDF") and len(made.content) > 2_000
    told = aml_client.view(desk, *_picture_of(desk, "ana"))
    assert all("cumple" not in aml_case.operation(row).lower() for row in told["operaciones"])
    assert entries(desk.database, "local", limit=1)[0]["details"]["sha256"] == made.sha256


def test_any_name_can_be_read_in_a_case_file():
    people = ("Łukasz Nuñez 王", "Đỗ Thị Hương", "김민수", "Ἀθηνᾶ Ђорђевић", "अमित", "😀 Ltd.")
    sheet = aml_sheet.Sheet(title=people[0])
    sheet.pairs({f"persona_{number}": name for number, name in enumerate(people)})
    sheet.paragraph("sin signo: \U00020bb7; oculto: a\u202eb\x07")
    content = sheet.content(NOW)
    read = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    told = "".join(read.replace("\0", "").split())  # pypdf takes the codes of the second font apart
    for name in people:
        assert "".join(name.split()) in told, name
    assert "signo:<20BB7>;oculto:a<202E>b<0007>" in told
    assert sheet.content(NOW) == content and len(content) < 200_000


def test_a_plain_case_file_needs_no_large_font():
    sheet = aml_sheet.Sheet(title="Expediente de caso: cliente Peña")
    sheet.paragraph("Fracción VIII: $1,234.50 — «sin obligación aparente»")
    assert b"Unifont" not in sheet.content(NOW)
    assert aml_sheet.known("Peña — «»") == "Peña — «»"


def _picture_of(desk, client_id):
    seen = aml_queue.picture(desk)
    return seen, client_id, aml_client.operations_of(seen, client_id)


def test_the_log_tells_who_did_what_and_whether_it_is_whole(desk):
    told = aml_record.log(desk, limit=1)
    assert told["entradas"][0]["quien"] == "olga" and told["next"] == told["entradas"][0]["numero"]
    assert aml_record.log(desk, limit=5, before=told["next"])["entradas"][0]["que"] == "archivo_recibido"
    assert aml_record.verified(desk)["integra"]


def test_entries_cut_from_the_end_of_the_log_show_against_an_anchor(desk):
    storage = MemoryStorage()
    assert aml_anchor.anchor_logs(desk.database, storage) == 1
    assert aml_anchor.anchor_logs(desk.database, storage) == 0  # nothing new, nothing written
    whole = aml_record.verified(desk, aml_anchor.anchors_of(storage, "local"))
    assert whole["integra"] and whole["anclas_comparadas"] == 1
    assert whole["ancla"] == f"{whole['entradas']}:{whole['ultimo_sello']}"
    with desk.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER aml_audit_no_delete")
        connection.execute(AUDIT.delete().where(AUDIT.c.number == whole["entradas"]))
    assert aml_record.verified(desk)["integra"]  # a chain alone cannot know how long it was
    cut = aml_record.verified(desk, aml_anchor.anchors_of(storage, "local"))
    assert not cut["integra"] and cut["falta_desde"] == whole["entradas"] and cut["ancla"] is None
    assert not aml_record.verified(desk, aml_anchor.read_anchors([whole["ancla"]]))["integra"]
    record(desk.database, "local", Entry(actor="eve", action="vio", subject="x", details={}))
    rewritten = aml_record.verified(desk, aml_anchor.anchors_of(storage, "local"))
    assert not rewritten["integra"] and rewritten["rota_en"] == whole["entradas"]
    assert aml_anchor.anchor_logs(desk.database, storage) == 1  # the first anchor stays beside the second
    assert not aml_record.verified(desk, aml_anchor.anchors_of(storage, "local"))["integra"]
    for odd in ("", "7", "x:" + "0" * 64, "1:" + "0" * 63, "1:" + "G" * 64):
        with pytest.raises(UsageError, match="no anchor"):
            aml_anchor.read_anchors([odd])


def test_a_desk_without_operations_answers(empty_sqlite_url, tmp_path):
    database = open_database(empty_sqlite_url, clock=FixedClock(NOW))
    empty = Desk(folder=tmp_path, database=database, clock=database.clock)
    assert queue(empty) == [] and aml_agenda.agenda(empty)["por_enviar"] == []
    assert aml_client.clients_of(aml_queue.picture(empty), limit=5, offset=0)["total"] == 0
    assert len(aml_export.export(empty, key="INM", month=date(2026, 1, 1), form="csv").content) > 50
    database.engine.dispose()


def test_an_old_analysis_is_run_again_by_its_own_edition_of_the_tables(desk, tmp_path):
    chosen = replace(desk, catalogue=desk.catalogue.with_readings(criterio="pesos"))
    source = tmp_path / "more.csv"
    source.write_text("\n".join([HEADER, "f1,fred,376565.10,2026-08-03,transferencia,VIII,no,no"]) + "\n")
    enrich_file(chosen, source, analysis_id="y")
    told = read_document(run_pending(chosen, "y")[0].path)
    assert told["catalogo"]["lecturas"]["criterio"] == "pesos"
    assert json.loads(json.dumps(rerun(desk, "y"))) == told
    assert rerun(desk, "x")["catalogo"]["sha256"] == desk.catalogue.sha256
