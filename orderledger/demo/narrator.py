"""Prints the story on a console: chapters, sentences and tables."""

from rich.console import Console, RenderableType


class Narrator:
    """A console, and the number of the chapter."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._chapter = 0

    def heading(self, text: str) -> None:
        """Start the next chapter."""
        self._chapter += 1
        self.console.print(f"\n[bold]{self._chapter}. {text}[/bold]", highlight=False)

    def line(self, text: str) -> None:
        """Print one sentence."""
        self.console.print(text, markup=False, highlight=False)

    def show(self, table: RenderableType) -> None:
        """Print a table."""
        self.console.print(table, highlight=False)
