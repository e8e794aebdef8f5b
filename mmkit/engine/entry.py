"""The text of the only functions of a compiled stack that Python calls."""

ENTRY = '''

def replay_main(local, venue, local_book, venue_book, whole, logs):
    """Takes the records apart and replays."""
    return replay(local, venue, local_book, venue_book, whole[0], logs[0])


def several_main(locals, venues, local_books, venue_books, whole, logs):
    """Takes the records apart and replays several instruments."""
    return replay_several(locals, venues, local_books, venue_books, whole[0], logs[0])


def walk_main(mids, draws, dt, step, whole, book, logs):
    """Takes the records apart and walks a path."""
    return walk(mids, draws, dt, step, whole[0], book, logs[0])


def single_main(now, bid, ask, whole, book, logs):
    """Takes the records apart, takes one event and decides."""
    return single(now, bid, ask, whole[0], book, logs[0])
'''
"""What the compiled module has beside the stack's own functions: the only ones that Python calls."""
