"""Reporting webhooks of the emulator: what happens becomes signed requests to the registered URLs.

- `happened`: what there is to tell, in order.
- `bodies`: an event as the documented JSON.
- `lines`: the events of one webhook on their way: order, backlog, retries.
- `faults`: duplicates, forgeries and other trouble on demand.
- `office`: all of one emulator's, for whoever carries them out.
- `courier`, `connection`: carrying them out over sockets, in the background of a served emulator.
"""
