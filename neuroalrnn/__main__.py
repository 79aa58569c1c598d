"""``python -m neuroalrnn``."""

from neuroalrnn.cli import main

if __name__ == "__main__":
    main()
