"""What the files of named datasets share: what is said of each, and how its files are found."""

from data_loaders.named._download import complete
from data_loaders.named._record import Named, count_reasons, read_embedded

__all__ = ["Named", "complete", "count_reasons", "read_embedded"]
