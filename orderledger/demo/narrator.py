"""Who tells the story: chapters, sentences and tables on a console, as plain as they are written."""

from rich.console import Console, RenderableType


class Narrator:
    """A console, and the number of the chapter."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._chapter = 0

    def heading(self, text: str) -> None:
        """The next chapter."""
        self._chapter += 1
        self.console.print(f"\n[bold]{self._chapter}. {text}[/bold]", highlight=False)

    def line(self, text: str) -> None:
        """One sentence."""
        self.console.print(text, markup=False, highlight=False)

    def show(self, table: RenderableType) -> None:
        """A table."""
        self.console.print(table, highlight=False)
