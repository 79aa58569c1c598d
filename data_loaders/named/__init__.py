"""What the files of named datasets share: what is said of each, and how its files are found."""

from data_loaders.named._download import complete
from data_loaders.named._record import Named, read_embedded

__all__ = ["Named", "complete", "read_embedded"]
