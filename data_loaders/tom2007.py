"""Gambles with an even chance to win or lose, taken or left (Tom et al. 2007)."""

from pathlib import Path

import xarray as xr

from data_loaders.formats import load_bids
from data_loaders.named import Named, complete

COMMIT = "ca54a02e55548090fced87f38a28bae13a1f692d"
COLUMNS = {"choice": "respcat", "rt": "response_time", "gain": "gain", "loss": "loss"}
COLUMNS |= {"button": "respnum"}
# gambles came in one order for all, so nothing is carried on by which an order could be remembered
ENCODING = {
    "step": "event",
    "choice_event": "response",
    "inputs": {"gain": "gamble", "loss": "gamble"},
    "carry": "trial",
}


def load_tom2007(*, path: str | Path | None = None) -> xr.Dataset:
    """Load 16 subjects x 3 runs, 4,096 gambles.

    A coin decides between a gain of 10 to 40 dollars and a loss of 5 to 20. The subject takes the
    gamble or leaves it. No gamble is played out meanwhile.

    Parameters
    ----------
    path : str or pathlib.Path, optional
        Folder that holds the files, such as ``ds005`` of the source; by default they are
        downloaded once.

    Returns
    -------
    trials : xarray.Dataset
        Labelled trials: 4,096, of which 3,942 are scored (all with a response). ``block``:
        run. ``choice``: leave, take. ``gain``, ``loss``: dollars. Known after the choice:
        ``button``, 1 and 2 to take, 3 and 4 to leave. ``rt`` and ``event_time`` (gamble 0,
        response): s, NaN without a response.

    Raises
    ------
    DataError
        The files cannot be downloaded, or are not those that are expected.

    Notes
    -----
    All subjects saw the gambles in the same order.
    """
    return load_bids(
        complete("tom2007", NAMED, path),
        COLUMNS,
        labels={0: "leave", 1: "take"},
        events={"gamble": 0, "response": "response_time"},
        missing={"choice": [-1], "rt": [0], "button": [0]},
        after_choice=["button"],
        attrs=NAMED.attrs(
            encoding=ENCODING,
            analysis={"conditions": ["gain", "loss"]},
            baselines={"logistic": ["gain", "loss"]},
            notes=[
                "All subjects saw the gambles in one order: the state starts anew in every trial.",
                "A category of -1 with a response time (one trial) counts as no response.",
            ],
        ),
    )


FILES = [
    f"sub-{n:02}/func/sub-{n:02}_task-mixedgamblestask_run-{run:02}_events.tsv"
    for n in range(1, 17)
    for run in (1, 2, 3)
]
SHA256 = """
733afd7d68c71af343bfe5b6ef0fb2775987e8c2ad5b56e9b7f483ecdd7b5c8f
c94d4c1a1abb5ffea2473ed25a3095a4a480979e15ced872e3fffc449551f3eb
aa67b78cd09eb04c8708f6e44b318944a4032771ccc742351c30ff32b6256f34
e498336f5cd85d2cfd663a812c6393a3d7c77de09089dfd9b4cebfda25f9485d
d7a44e7a44d77275d42b7cbf99b1bbe8a77921fba6244585165a5779336eab27
abb171ba95fbcf26fcd411498f5c90cf08ff3ad995525a1328574d71ca7a7138
2165e08a3363e497f6a92fb9fd1133470b30e6f3c09692f9ac5a26146492def9
16699c0c6eedab1574583c31d5426d3c3120a6e92869106ff7667d3b21eb3160
71323c6ef0d34be839f52185684245a5093104649425df17b557ee263709a8f5
2fc954d295a552432d4e396c986fdc3179a1d3ff8655a16908deb2f88addd779
1695eed1355fd715f6fce23a7a065e438c7cb8e44c5d5789d747b7bfc0962ace
57b542bfcab6ea1803031a43452e6258980b222c597dbe09abc2015ceafe9dd6
5d34bd0bc2893062ae1f8dc1b9560aedc9e1d12a4a3595e06c52cf13e55f382c
4e35303e17d0da2126504802c236424e61394f36a5b6fe538ea862ab62cf9e48
8a09460933902ad3b0b97b28ed6235bbfaa25a17eb58b2687e2c7e3830e7cb2e
48af2c854761a1ed9a6bebb62ce52a6d0b523000a9e308e58e34749684ee476d
1bb4db107db60f29294a9060b1c02a354a60379937a29867a5a7c5b9bff2c811
6f33d0f81212e08c6d38c82f87f26592553c67e910cbf0653cfd55853cafefdd
f0285512e7631943d02747659c6e175fe309daa0fc963fc94fd9078ad930b62b
8b014c75a3aea26d450c6ce3475038bd47b468e23186cdc42f8aa215dc1a1ddc
8e6e06af60aea2b4c35bafe83a8ae6e00a2e42ee0efca69946c7cd815a58346e
6a08df218dcb5cc1e19768f04d4cf965afab71afd5b4d98f6b4e8c7738dc93f3
4406bd7a1679580e3a78e8684c02a9a1ac67faa99b10bcbcd8a8088b090aa4a5
67f00a769d8382f1e73b6e0be805ee316f24820714fa2a19e8befce1ded00488
757392931169868a1271fb40f6214a7b2a9f70bc6c727bbd6973918e9d30a1bf
98f0c03b2f22b50d3f97148c947eda1bdaac4a7dc1f639743a69a52c95896263
791b8b9aded2f19280b93d8ba5b2fb4d2c0fec328175ff16ec022788262b293d
e744e5a5ad81ac4c688552997f5cf13dc6b9a778e8ea2eef0ebba55535bd59c2
ac8f784e21e9ccfabed5da000c1a101463dbdcc92e83ffb69b4f70692b768c2e
584e330db033c1ec52f36819dbe393432b9b6d3e140e5b45e82236b10a92506a
1d9806d987c5e2cb538ea78d0fb40727d6cbbb858afd4339ad491072de1309c8
6d293e5abf0d9b1f59e6a940841f385f9801dd6306e61cc6c02a7dcd3c0af4f7
ec6db46b03a1ea50aa24f4f899aa4cb3c3d2689c66fa14b0030efc857285cf37
85005c65fe109ef31efdbaeabf65736cf5df76997a99a3eb444c95756e4227f3
b5d7ce9a3d12e384db17134d4509d7cf91bf6a8524ce72701a1354558393c7dd
bcbbf318c818a3c1db42124f56d5c083bbbd1af2a2ad0041fceab9dcebb1db07
9d6d88d96317482ffa95be320d46644bdd45da8742d9d55e611ff68801e1701b
a1f9410a8a99136bd76d217a437f8bc84b3627c4a101b5d5e4dc1a5cafad1bdb
5905b2805ed6594336b0eae6e5beba3e0c996d8a76df2941443a52c9e8816bd0
1bafcfb72f50f59c1c9bdeb9f0ec8e624db742ec4670484cf1ba3fd9f8c42fc6
4f8b1018074ccd08dc9d60c17176889544cac5bcc35c93d58cbbc924b21b746b
debc54c6cbcfce5ae85cc8bdde4b25b56ae9ed0835b089b936cca974766bbd05
1ae24e8f191dce959ec32a1024447589be75fd39dfd54cd60d185f05739b1454
274b5780f2fb640ade4df38277c2b46a2c611d28a7544d0cc64daec06c511460
df0b38e3295912475f4ac6e5a4db5e3f1e408fdea3f2a0ef697e24f6f1bdf218
504aac19eb490be207672bb479a012745d1744b6f75327868c15ba57c1a608be
a0c5f2f944eb5c8c4c7ecdf3c0573d26e0d116ccb7dc2ad7fab86bbcadd5b0e7
26d1f986ff4497b5a6762ff8852b1ef6faac670d758c4d670b51cf28e412d5cc
"""

NAMED = Named(
    load=load_tom2007,
    task="mixed gambles",
    species="human",
    subjects=16,
    sessions=16,
    trials=4_096,
    scored=3_942,
    licence="PDDL 1.0 (opendatacommons.org/licenses/pddl/1-0)",
    citation=(
        "Tom SM, Fox CR, Trepel C, Poldrack RA (2007). The neural basis of loss aversion in "
        "decision-making under risk. Science 315(5811), 515-518"
    ),
    source=f"github.com/bids-standard/bids-examples, ds005, commit {COMMIT}",
    address=f"https://raw.githubusercontent.com/bids-standard/bids-examples/{COMMIT}/ds005",
    sha256=dict(zip(FILES, SHA256.split(), strict=True)),
    download_bytes=280_675,
)
