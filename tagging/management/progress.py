from django.core.management.base import OutputWrapper

BAR_WIDTH = 30


def draw_bar(out: OutputWrapper, done: int, total: int) -> None:
    """Draw the bar anew on a terminal; elsewhere write nothing."""
    if not out.isatty():
        return
    bar = "#" * (BAR_WIDTH * done // total)
    # str: else stderr is styled as an error.
    out.write(f"\r[{bar:{BAR_WIDTH}}] {done}/{total}", str, "\n" if done == total else "")
    out.flush()
