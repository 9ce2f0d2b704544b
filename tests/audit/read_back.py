"""Reading a report back, each form in its own way: (of what, kind, name, text, raw) of all."""

import csv
import io
import zipfile

import html5lib

from kept.audit.drawing.figure import SPOKEN


def from_json(made):
    """From what `data` makes."""
    told = set()
    for each in (made["headline"], *made["figures"]):
        for value in each["values"]:
            told.add(_one(each["name"], "value", value["name"], value["text"], value["raw"]))
        for number, row in enumerate(each["table"]["rows"] if each["table"] else ()):
            cells = tuple((cell["text"], _plain(cell["raw"])) for cell in row)
            told.add((each["name"], "table", number, cells))
    for each in made["breaks"]:
        if each["grade"] == "unknowable":
            continue
        for name in ("lost", "at_risk"):
            if each["appointments"] and each[name]:
                told.add(_one(each["number"], "break", name, each[name]["text"], each[name]["raw"]))
        if each["appointments"]:
            for name in ("appointments", "first"):
                told.add(_one(each["number"], "break", name, f"{each[name]:,}", each[name]))
    quality = made["quality"]
    told |= {_one("rows", "rows", name, f"{quality[name]:,}", quality[name]) for name in READ}
    return told


READ = ("read", "used")


def from_page(page):
    """From the HTML of a report, alone or within a page of the console."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    told = set()
    for part in tree.iter():
        kind = (part.get("class") or "").split()
        if "figure" in kind:
            told |= set(_break(part) if "break" in kind else _figure(part))
        if part.get("id") == "part-read":
            told |= {each for each in _listed(part, "rows", "rows") if each[2] in READ}
    return told


def _figure(part):
    name = part.get("id")
    yield from _listed(part, name, "value")
    for number, row in enumerate(part.iterfind(".//tbody/tr")):
        yield name, "table", number, tuple(_datum(each) for each in row.iterfind("./*/data"))


def _listed(part, name, kind):
    for item in part.iterfind(".//ul[@class='values']/li"):
        text, raw = _datum(next(item.iter("data")))
        yield _one(name, kind, item.find("span").text.replace(" ", "_"), text, raw)


def _break(part):
    names = {"Appointments": "appointments", "Lost, list price": "lost"}
    names |= {"At risk, list price": "at_risk", "Of these it was the first break of": "first"}
    for row in part.iterfind("./dl/div"):
        if row.find("dt").text in names:
            text, raw = _datum(next(row.find("dd").iter("data")))
            yield _one(part.get("id"), "break", names[row.find("dt").text], text, raw)


def _datum(element):
    return "".join(element.itertext()), element.get("value")


def from_csv_folder(folder):
    """From the files of a folder."""
    return from_csv({each.name: each.read_text("utf-8-sig") for each in folder.iterdir()})


def from_csv_zip(content):
    """From the files of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return from_csv({each: zipped.read(each).decode("utf-8-sig") for each in zipped.namelist()})


def from_csv(sheets):
    """From the tables: a column with its raw values beside it has both, any other is mere words."""
    told = set()
    for row in _read(sheets["figures.csv"]):
        if row["value"]:
            told.add(_one(row["name"], "value", row["value"], row["text"], row["raw"]))
    for row in _read(sheets["breaks.csv"]):
        told |= set(_of_break(row))
    for row in _read(sheets["rows.csv"]):
        if row["what"] in READ:
            told.add(_one("rows", "rows", row["what"], f"{int(row['rows']):,}", row["rows"]))
    for file in sheets.keys() - {"figures.csv", "breaks.csv", "rows.csv"}:
        for number, row in enumerate(_read(sheets[file])):
            shown = [name for name in row if not name.endswith(" raw")]
            cells = ((row[name], row.get(f"{name} raw", row[name])) for name in shown)
            told.add((file[4:-4], "table", number, tuple(cells)))
    return told


def _of_break(row):
    if row["appointments"] == "0":
        return
    for name in ("appointments", "first"):
        yield _one(row["number"], "break", name, f"{int(row[name]):,}", row[name])
    for name, column in (("lost", "lost"), ("at_risk", "at risk")):
        if row[column]:
            yield _one(row["number"], "break", name, row[column], row[f"{column} raw"])


def _read(text):
    return list(csv.DictReader(io.StringIO(text)))


def _one(of, kind, name, text, raw):
    return of, kind, _name(name) if kind == "value" else name, text, _plain(raw)


def _name(shown):
    """The plain words of a value, whether they or its name are given."""
    shown = SPOKEN.get(shown, shown).replace("_", " ")
    for said, short in (("half of them", "p50"), ("9 in 10", "p90"), ("1 in 10", "p10")):
        shown = shown.replace(f", {said}", f" {short}").replace(said, short)
    return shown.replace(" ", "_")


def _plain(raw):
    return "" if raw is None else str(raw)
