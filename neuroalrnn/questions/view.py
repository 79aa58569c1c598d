"""A question about functional regimes, asked of something else that divides trials or steps."""

from dataclasses import replace
from functools import wraps

import pandas as pd

from neuroalrnn.questions.question import Figure, Text
from neuroalrnn.questions.sections import REGIMES


def through(question, view, section, *, what="", retell=None, **changes):
    """Ask a question about something else.

    Parameters
    ----------
    question : Question
        About functional regimes.
    view : str
        Property of what is asked with that stands for it, such as ``"linear"``; names of the
        question, its tables and figures begin with it.
    section : Section
        Where it stands on the page.
    what : str
        What it is about, for the notes.
    retell : callable, optional
        Words of a text or table anew.
    **changes : anything
        Parts of a question that differ, as functions of the view.

    Returns
    -------
    Question
        What it says is no main finding.
    """
    prefix, retell = f"{view}_", retell or (lambda told: told)
    question = replace(question, **changes)

    def ask(part):
        """The same function, of the view; a text stays as it is."""
        return wraps(part)(lambda asked: part(getattr(asked, view))) if callable(part) else part

    def tell(part):
        made = ask(part)
        if not callable(made):
            return _words(made, retell)
        return wraps(made)(lambda asked: _words(made(asked), retell))

    def part_of(part):
        told = {name for name in ("say", "make", "caption") if hasattr(part, name)}
        asks = {k: tell(each) if k in told else ask(each) for k, each in vars(part).items()}
        if isinstance(part, Figure):
            asks["draw"] = lambda asked: _drawn(part.draw(getattr(asked, view)), retell)
            return replace(part, **asks | {"name": prefix + part.name})
        asks |= {"about": f"{part.about} ({what})"} | (
            {"main": False} if isinstance(part, Text) else {}
        )
        return replace(part, **asks)

    title = question.title or ("" if question.section is REGIMES else question.section.title)
    return replace(
        question,
        name=prefix + question.name,
        section=section,
        title=_words(title, retell),
        tables={_prefix(prefix, key): ask(make) for key, make in question.tables.items()},
        schema={prefix + name: table for name, table in question.schema.items()},
        answer=tuple(part_of(part) for part in question.answer),
        footnote=tell(question.footnote),
        unasked=tell(question.unasked),
        needs=tell(question.needs),
    )


def _prefix(prefix, names):
    return prefix + names if isinstance(names, str) else tuple(prefix + each for each in names)


def _words(told, retell):
    """Texts in other words; what is no text stays as it is."""
    if isinstance(told, str):
        return retell(told)
    if isinstance(told, list | tuple):
        return type(told)(_words(each, retell) for each in told)
    if isinstance(told, pd.DataFrame):
        words = {name: told[name].map(lambda v: _words(v, retell)) for name in told}
        return told.assign(**words).rename(columns=retell)
    return told


def _drawn(drawn, retell):
    """A figure whose axes are labelled in other words."""
    for ax in (getattr(drawn, "figure", None) or drawn).axes:
        ax.set_xlabel(retell(ax.get_xlabel()))
        ax.set_ylabel(retell(ax.get_ylabel()))
        names = [each.get_text() for each in ax.get_yticklabels()]
        if names != [retell(name) for name in names]:
            ax.set_yticks(ax.get_yticks(), [retell(name) for name in names])
    return drawn
