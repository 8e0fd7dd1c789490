"""The notice as XML: only where a person loaded the activity's XSD, and only when it validates against it."""

import hashlib
import importlib
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from yunque.errors import DataError, NotFoundError, StorageError, UsageError
from yunque.runtime.storage import Storage
from yunque.services.aml_desk import Desk
from yunque.services.aml_export import Exported, keys_of, note_export, rows_of
from yunque.services.aml_picture import picture
from yunque.solutions.aml.calendar import month_of
from yunque.solutions.aml.store.audit import Entry, newest_details, record

LOADED = "xsd_cargado"
MOST_SCHEMA = 2 * 2**20
SHOWN_FAULTS = 20
URGENT, NORMAL = "2", "1"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}", re.ASCII)


class SchemaError(DataError):
    """A notice cannot be written as XML; `details["motivos"]` says why, line by line."""

    code = "xsd"


def load_schema(desk: Desk, storage: Storage, key: str, content: bytes, source: str) -> str:
    """Keep the XSD of an activity in the name of who loaded it, and give its SHA-256.

    Raises:
        NotFoundError: no activity has that key.
        UsageError: no source is named, the file is too large, or `lxml` is not installed.
        SchemaError: it is no XML schema, or it refers to files.
    """
    check_key(desk, key)
    if not source.strip() or not source.isprintable():
        raise UsageError("Say where the XSD comes from.", hint="For example the page and day of download.")
    if len(content) > MOST_SCHEMA:
        raise UsageError("The XSD is larger than 2 MiB.")
    read_schema(content)
    digest = hashlib.sha256(content).hexdigest()
    where = place(desk.tenant, key, digest)
    if not storage.exists(where):
        storage.put_new(where, [content])
    details = {"sha256": digest, "fuente": source.strip()[:500], "bytes": len(content)}
    record(desk.database, desk.tenant, Entry(actor=desk.actor, action=LOADED, subject=key, details=details))
    return digest


def check_key(desk: Desk, key: str) -> None:
    """Refuse a key that no activity has.

    Raises:
        NotFoundError: it is one.
    """
    known = keys_of(desk.catalogue)
    if key not in known:
        raise NotFoundError.among("activity key", key[:40], sorted(known))


def place(tenant: str, key: str, digest: str) -> str:
    """Give where an XSD is kept."""
    return f"tenant/{tenant}/aml/xsd/{key}-{digest}.xsd"


def schema_of(desk: Desk, storage: Storage, key: str) -> tuple[bytes, str]:
    """Give the newest XSD of an activity and its hash.

    Raises:
        SchemaError: nobody loaded one.
        StorageError: it is not what was loaded.
    """
    check_key(desk, key)
    details = newest_details(desk.database, desk.tenant, action=LOADED, subject=key)
    if "sha256" not in details:
        raise SchemaError(
            f"No se genera XML para {key}: nadie ha cargado el XSD de esa actividad.",
            hint="Cárguelo con `yunque aml xsd load`, o use la exportación de revisión en CSV o XLSX.",
        )
    with storage.open(place(desk.tenant, key, details["sha256"])) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != details["sha256"]:
        raise StorageError(f"The XSD of {key} is not what was loaded.")
    return content, details["sha256"]


def export_xml(desk: Desk, storage: Storage, *, key: str, month: date, given: Mapping[str, Any]) -> Exported:
    """Write the month's notices of an activity as XML and validate it; an invalid one is never given out.

    Args:
        desk: whose.
        storage: holds the XSD.
        key: of the activity.
        month: any day of it.
        given: what the desk does not know: `clave_sujeto_obligado`, and per client under `personas` and per
            operation under `operaciones` the elements to add, as nested objects in the XSD's order.

    Raises:
        NotFoundError: no activity has that key.
        SchemaError: no XSD was loaded, there is nothing to notify, or the document does not validate.
        UsageError: `lxml` is not installed, or what is given has no clear shape.
    """
    content, digest = schema_of(desk, storage, key)
    first = month_of(month)
    rows = rows_of(desk, picture(desk), key=key, month=first)
    if not rows:
        raise SchemaError(
            f"No hay avisos de {key} en {first:%Y-%m}.",
            hint="Vea el calendario: procede el informe en ceros.",
        )
    etree = library()
    schema = read_schema(content)
    try:
        root = document(etree, namespace_of(etree, content), key, first, (rows, given))
    except ValueError as error:
        raise UsageError("A value given for the XML holds a sign that XML cannot hold.") from error
    if not schema.validate(root):
        faults = [f"línea {fault.line}: {fault.message}" for fault in schema.error_log][:SHOWN_FAULTS]
        raise SchemaError(
            f"El XML de {key} no valida contra el XSD cargado: {faults[0] if faults else ''}",
            hint="Complete los datos que faltan; nada inválido se entrega.",
        )
    text = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    made = Exported(name=f"avisos_{key}_{first:%Y%m}.xml", content=text, media_type="application/xml")
    note_export(desk, made, {"clave": key, "mes": f"{first:%Y-%m}", "filas": len(rows), "xsd": digest})
    return made


def library() -> Any:
    """Give lxml's etree.

    Raises:
        UsageError: it is not installed.
    """
    try:
        return importlib.import_module("lxml.etree")
    except ImportError as error:
        raise UsageError(
            "XML needs the optional part `xml`.", hint="Install it: pip install 'yunque[xml]'."
        ) from error


def read_schema(content: bytes) -> Any:
    """Read an XSD without network, files or entities.

    Raises:
        SchemaError: it is none, or it refers to files.
    """
    etree = library()
    try:
        tree = parsed(etree, content)
        if any(
            etree.QName(node).localname in ("import", "include", "redefine") for node in tree.iter("{*}*")
        ):
            raise SchemaError("El XSD remite a otros archivos.", hint="Cargue uno que los contenga.")
        if tree.getroottree().docinfo.internalDTD is not None:
            raise SchemaError("El XSD trae un DTD.", hint="Cargue el que publica la autoridad.")
        return etree.XMLSchema(tree)
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise SchemaError("El archivo no es un XSD que se pueda leer.", hint=str(error)[:200]) from error


def parsed(etree: Any, content: bytes) -> Any:
    """Parse XML without network, files or entities."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(content, parser)


def namespace_of(etree: Any, content: bytes) -> str:
    """Give the target namespace of an XSD; "" where it has none."""
    return str(parsed(etree, content).get("targetNamespace") or "")


def document(
    etree: Any, namespace: str, key: str, month: date, told: tuple[list[dict[str, Any]], Mapping[str, Any]]
) -> Any:
    """Build archivo > informe > mes_reportado, sujeto_obligado, aviso (one an operation)."""
    rows, given = told
    root = etree.Element(named("archivo", namespace), nsmap={None: namespace} if namespace else None)
    report = add(root, "informe", namespace)
    add(report, "mes_reportado", namespace).text = f"{month:%Y%m}"
    subject = add(report, "sujeto_obligado", namespace)
    if given.get("clave_sujeto_obligado"):
        add(subject, "clave_sujeto_obligado", namespace).text = str(given["clave_sujeto_obligado"])
    add(subject, "clave_actividad", namespace).text = key
    urgent = {row["id_operacion"] for row in rows if row["tipo"] == "aviso_24h"}
    for name, row in {row["id_operacion"]: row for row in rows}.items():
        notice = add(report, "aviso", namespace)
        add(notice, "referencia_aviso", namespace).text = name
        add(notice, "prioridad", namespace).text = URGENT if name in urgent else NORMAL
        fill(notice, (given.get("personas") or {}).get(row["cliente_id"]) or {}, namespace)
        acts = add(add(notice, "detalle_operaciones", namespace), "datos_operacion", namespace)
        add(acts, "fecha_operacion", namespace).text = row["fecha"].replace("-", "")
        own = (given.get("operaciones") or {}).get(name) or {}
        fill(acts, own, namespace)
        if "monto_operacion" not in own:
            add(acts, "monto_operacion", namespace).text = row["monto"]
    return root


def named(name: str, namespace: str) -> str:
    """Give an element's whole name.

    Raises:
        UsageError: it cannot name an element.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:40]!r} cannot name an element.")
    return f"{{{namespace}}}{name}" if namespace else name


def add(parent: Any, name: str, namespace: str) -> Any:
    """Add an element to another."""
    child = parent.makeelement(named(name, namespace), {}, None)
    parent.append(child)
    return child


def fill(parent: Any, given: Mapping[str, Any], namespace: str) -> None:
    """Add nested values as elements: an object is an element with children, a list repeats it.

    Raises:
        UsageError: a value is neither.
    """
    if not isinstance(given, Mapping):
        raise UsageError("What is given for a person or an operation is an object of elements.")
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            child = add(parent, name, namespace)
            if isinstance(one, Mapping):
                fill(child, one, namespace)
            elif isinstance(one, str | int):
                child.text = str(one)
            else:
                raise UsageError(f"The value of {name!r} is neither text nor an object.")
