"""Guess which column plays which role, from the names that labs use and from what it holds."""

import re

import numpy as np

from neuroalrnn.inspection.groups import steps
from neuroalrnn.inspection.view import View

# names without case and signs, the likeliest first
NAMES = {
    "subject": "participant participantid participantnumber participantcode subject subjectid subj "
    "subjid subjidx subjno subjectnumber sub subid subno subnum id pid ppt sid s animal animalid "
    "animalname rat ratid mouse mouseid monkey monkeyid bird prolificid prolificpid workerid "
    "userid user person",
    "choice": "choice response action key choices responses actions keys resp keyrespkeys "
    "responsekeys keyresp keypress responsekey respkey chosen chosenoption decision pick picked "
    "selected selection pressed button buttonpress animalresponse trgchoice handraised respcat "
    "clickedname mouseclickedname choiceside sides1 choice1 stim1choice probresp c",
    "rt": "rt rts responsetime reactiontime responsetimes reactiontimes keyresprt resprt choicert "
    "responsert latency responselatency reactionlatency decisiontime resptime rtms rtsec rtseconds "
    "proberesprt probert",
    "correct": "correct accuracy acc iscorrect corr cor keyrespcorr respcorr correctness probeacc",
    "reward": "reward rewards rew rewarded outcome points payoff payout win won feedbacktype "
    "rewardreceived earned r",
    "trial": "trial trialindex trialnumber trialnum trialno trialnr trialid trialn trialinsession "
    "trialcount trialsthisn trialthisn trialblock trialinblock itrial t",
    "session": "session sessionid sessionnumber sess ses sessionlabel day date run visit recording",
    "block": "block blockid blocknumber blocknum blockno blk blocklabel blockindex blocknr "
    "blocksthisn miniblock stage run",
}  # fmt: skip
MOST_CHOICES = 12
# columns of more or longer texts are no conditions
MOST_LEVELS, MOST_LETTERS = 6, 40
TRUE = {"0", "1", "-1", "true", "false", "0.0", "1.0", "-1.0"}


def plain(name: str) -> str:
    """A name without case and signs: ``Subject_ID`` and ``subjectID`` are one."""
    return re.sub(r"[\W_]+", "", name).casefold()


def has_name(name: str) -> bool:
    """Whether a column has a name of its own, which row numbers and trailing columns lack."""
    return bool(name) and not name.startswith("Unnamed: ")


def words(name: str) -> list[str]:
    """Words of a name: ``feedbackType`` and ``feedback_type`` have two."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\W_]+", apart.casefold()) if word]


def candidates(view: View) -> dict[str, list[str]]:
    """List the columns that may play each role, the likeliest first.

    Parameters
    ----------
    view : View
        The table; its roles are not used.

    Returns
    -------
    columns : dict of role to list of str
        Columns by role; roles without one are left out.
    """
    found = {}
    for role in NAMES:
        ranked = sorted((rank, name) for name in view.columns
                        if (rank := _rank(role, name)) is not None)  # fmt: skip
        able = [name for _, name in ranked if _fits(role, name, view)]
        if able:
            found[role] = able
    return found


def guess_roles(columns: dict[str, list[str]], given: dict[str, str]) -> dict[str, str]:
    """Give every role its likeliest column, each column to one role.

    Parameters
    ----------
    columns : dict of role to list of str
        Columns by role, from `candidates`.
    given : dict of role to column
        Roles that the caller names.

    Returns
    -------
    roles : dict of role to column
        One column by role. Where no column holds a choice, correctness takes its place: to be right
        is then what is chosen.
    """
    roles = dict(given)
    for role, able in columns.items():
        free = [name for name in able if name not in roles.values()]
        if role not in roles and free:
            roles[role] = free[0]
    if "choice" not in roles and "correct" in roles:
        roles["choice"] = roles.pop("correct")
    return roles


def _rank(role, name) -> tuple[int, int] | None:
    """Place of a name: whole names before those of a known word and words that change nothing."""
    known = NAMES[role].split()
    if plain(name) in known:
        return (0, known.index(plain(name)))
    parts = [known.index(word) for word in words(name) if word in known and len(word) > 1]
    rest = {word for word in words(name) if word not in known} - HARMLESS
    harmless = HARMLESS_FOR.get(role, set())
    if role == "correct" and parts and words(name)[-1] not in known:
        # whether a response is correct, and not the correct response
        harmless = set()
    return (1, min(parts)) if parts and rest <= harmless else None


# words that leave a name what it is: the animal's response is a response, the correct one is not
HARMLESS = {"id", "number", "num", "no", "nr", "nb", "index", "idx", "label", "code", "is", "was",
            "my", "the", "task", "test", "main", "probe", "animal", "participant", "subject",
            "sub", "subj", "ppt", "player", "observer", "rat", "mouse", "monkey", "trial",
            "trials", "key", "button", "received", "made", "given", "in", "s", "ms", "sec",
            "screen", "data", "exp", "experiment", "raw"}  # fmt: skip
HARMLESS_FOR = {
    "choice": {"side", "option", "arm", "item", "lr"},
    "correct": {"choice", "response", "resp", "answer"},
    "reward": {"observed", "obtained", "actual", "factual", "chosen"},
}


def _fits(role, name, view) -> bool:
    """Whether a column holds what a role needs."""
    values = view.values(name)
    n_rows = len(view)
    if not values:
        return False
    if role in ("subject", "session", "block"):
        return len(values) <= max(n_rows / 2, 1) and not _is_fractional(view, name)
    if role == "choice":
        is_known = plain(name) in NAMES[role].split()[:8]
        return (0 if is_known else 1) < len(values) <= MOST_CHOICES or plain(name) == "choice"
    if role == "correct":
        return {value.lower() for value in values} <= TRUE
    if not view.is_number(name):
        return False
    if role == "trial":
        return not _is_fractional(view, name) and _climbs(view, name)
    if role == "reward":
        return len(values) > 1 or plain(name) in NAMES[role].split()
    return len(values) > 3


def _is_fractional(view, name) -> bool:
    number = view.number(name)
    return view.is_number(name) and bool((number % 1 > 0).any())


def _climbs(view, name) -> bool:
    step = np.diff(view.number(name))
    return len(step) == 0 or bool((step > 0).mean() > 0.5) or bool((step == 1).mean() > 0.3)


def covariates(view: View, counters: bool = False) -> list[str]:
    """List the columns of numbers that may be inputs: neither roles nor counters nor constants.

    Parameters
    ----------
    view : View
        The table.
    counters : bool
        Whether counters and time stamps are listed, too.

    Returns
    -------
    names : list of str
        Columns, in their order.
    """
    return [
        name
        for name in _without_role(view)
        if view.is_number(name) and _varies(view, name)
        and (counters or not is_counter(view, name))
    ]  # fmt: skip


def _without_role(view) -> list[str]:
    taken = {*view.roles.values(), *view.lists}
    return [name for name in view.columns if name not in taken and has_name(name)]


def _varies(view, name) -> bool:
    numbers = view.number(name)
    return bool((numbers > np.nanmin(numbers)).any())


def conditions(view: View) -> list[str]:
    """List the columns of a few texts, which may be conditions.

    Parameters
    ----------
    view : View
        The table.

    Returns
    -------
    names : list of str
        Columns, in their order.
    """
    return [
        name
        for name in _without_role(view)
        if not view.is_number(name) and 2 <= len(view.values(name)) <= MOST_LEVELS
        and max(map(len, view.values(name))) <= MOST_LETTERS
    ]  # fmt: skip


def clocks(view: View) -> list[str]:
    """List the columns of times that climb through sessions, the earliest of a trial first.

    Parameters
    ----------
    view : View
        The table.

    Returns
    -------
    names : list of str
        Columns that may be times of events, counted from the start of the session.
    """
    taken = set(view.roles.values())
    found = [
        name
        for name in view.columns
        if has_name(name) and name not in taken
        and _is_fractional(view, name) and is_counter(view, name)
    ]  # fmt: skip
    return sorted(found, key=lambda name: float(np.nanmedian(view.number(name))))


def is_counter(view: View, name: str) -> bool:
    """Whether numbers only climb within sessions, as counters and time stamps do.

    Parameters
    ----------
    view : View
        The table.
    name : str
        A column of numbers.

    Returns
    -------
    bool
        True where hardly any number is smaller than the one before it.
    """
    step = steps(view.session, view.number(name))
    step = step[np.isfinite(step)]
    return len(step) > 2 and bool((step >= 0).mean() > 0.97) and bool((step > 0).mean() > 0.5)
