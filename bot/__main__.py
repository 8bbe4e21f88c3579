"""python -m bot: the same as the command pratip."""

from bot.cli import main

if __name__ == "__main__":
    main()
