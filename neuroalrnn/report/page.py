"""The page: the questions in order, grouped by section, between what was fitted and the notes."""

from functools import partial

from neuroalrnn.questions.question import Figure, Lights, Shown, Text
from neuroalrnn.questions.sections import ANSWER, NOTES, SETUP
from neuroalrnn.questions.words import joined
from neuroalrnn.report.markup import (
    TEMPLATES,
    bullets,
    collapsed,
    footnote,
    heading,
    lights,
    paragraph,
    table,
    together,
)
from neuroalrnn.report.notes import notes
from neuroalrnn.report.setup import describe_setup, introduce

# rows of a table that the page shows; its CSV file has all of them
MOST_ROWS = 2000


def build_sections(analysis, gallery):
    """The sections of the page in order, each part made for itself.

    Parameters
    ----------
    analysis : Analysis
    gallery : Gallery

    Returns
    -------
    list of (Section, markupsafe.Markup)
    """
    asked, by_section = analysis.asked, {}
    for question in analysis.questions:
        by_section.setdefault(question.section, []).append(question)
    bodies = {name: _answers(asked_in, asked, gallery) for name, asked_in in by_section.items()}
    first = [(ANSWER, bodies.pop(ANSWER))] if ANSWER in bodies else []
    opening = [
        gallery.part(SETUP.title, lambda: introduce(asked.fit)),
        heading("In short"),
        gallery.sentences(_further(analysis)),
        bodies.pop(SETUP, ""),
        describe_setup(asked.fit, asked.tables, gallery),
    ]
    # the notes come last, as they tell what could not be made
    last = gallery.part(NOTES.title, lambda: notes(analysis, gallery))
    told = [(section, body) for section, body in bodies.items() if body]
    return [*first, (SETUP, together(opening)), *told, (NOTES, last)]


def _further(analysis):
    """Main findings beside those that the page opens with."""
    told = {
        part.about
        for question in analysis.questions
        for part in question.answer
        if question.section is ANSWER and isinstance(part, Text)
    }
    return {what: make for what, make in analysis.in_short().items() if what not in told}


def _answers(questions, asked, gallery):
    """What the questions of one section show; what several of them say is told once."""
    shown, small_print = [], []
    for question in questions:
        absent = gallery.part(question.section.title, partial(_absent, question, asked))
        shown += [absent] if absent else _answer(question, asked, gallery)
        limits = partial(_limits, question, asked)
        small_print += [] if absent else gallery.texts("footnote", limits)
    text = joined(dict.fromkeys(small_print))
    return together([*dict.fromkeys(shown), *([footnote(text)] if text else [])])


def _absent(question, asked):
    why = question.needs(asked)
    return paragraph(why) if why else ""


def _limits(question, asked):
    return question.footnote(asked) if callable(question.footnote) else question.footnote


def _answer(question, asked, gallery):
    parts = [_part(part, asked, gallery) for part in question.answer]
    parts = [part for part in parts if part]
    return [heading(question.title), *parts] if question.title and parts else parts


def _part(part, asked, gallery):
    """HTML of a part of an answer, empty where it has nothing to show."""
    if isinstance(part, Figure):
        return gallery.show(part, asked)
    make = {Text: _sentences, Shown: _grid, Lights: _lights}[type(part)]
    return gallery.part(part.about, lambda: make(part, asked))


def _sentences(text, asked):
    said = text.say(asked)
    if not said:
        return ""
    if isinstance(said, str):
        return paragraph(said)
    return collapsed(bullets(said), len(said), text.noun) if text.noun else bullets(said)


def _grid(shown, asked):
    frame = shown.make(asked)
    if frame is None:
        return ""
    return collapsed(table(frame[:MOST_ROWS], shown.formats), len(frame), shown.noun, MOST_ROWS)


def _lights(part, asked):
    return lights(part.make(asked).to_dict("records"))


def build_page(title, made, read, first, sections):
    """The whole page; it needs no other file, and reads the same without its one line of script.

    Parameters
    ----------
    title, made : str
        Text: what was fitted, and when and by what.
    read : list of str
        Sentences on what the data were read from.
    first : list of str
        Sentences that come before everything else.
    sections : list of (Section, markupsafe.Markup)

    Returns
    -------
    str
    """
    page = TEMPLATES.get_template("page.html")
    return page.render(title=title, made=made, read=read, first=first, sections=sections)
