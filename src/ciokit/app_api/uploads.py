"""Pictures and PDF files for messages: `upload_asset(app, "logo.png")["path"]` is where one is served afterwards."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ciokit.app_api.assets import Asset, Assets
from ciokit.app_api.long_calls import LongCall, Steps
from ciokit.core.flow import Call


@LongCall
def upload_asset(
    path: str | PathLike[str], *, name: str | None = None, parent_folder_id: int | None = None
) -> Steps[Asset]:
    """Upload a picture or PDF file to the asset library and return what it is there; `path` is its address.

    It is sent once: when no answer comes, look with `app.assets.find` whether it is there.

    Args:
        path: bmp, jpeg, png, gif or pdf, at most 2 MB, pictures at most 4,096 pixels a side: looked at before sending.
        name: what to call it in the library; its own name unless given.
        parent_folder_id: the folder to put it in; the root unless given.

    Raises:
        ValidationError: it cannot be read, or the library would not take it.
        RefusedError: 409, there is one of this name in the folder.
    """
    return _uploaded(Assets.create.call(Path(path), name=name, parent_folder_id=parent_folder_id))


def _uploaded(call: Call) -> Steps[Asset]:
    answer = yield from Assets.create.flow_of(call)
    return lambda: answer["asset"]
