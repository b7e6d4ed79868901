"""The account: one workspace, the emulator's own, and the address it calls from."""

from __future__ import annotations

from ciokit.app_api.workspaces import Info, IpAddresses, WorkspaceList, Workspaces
from ciokit.emulator.routing import Manner, on
from ciokit.emulator.world import World


@on(Workspaces.find)
def find(world: World) -> WorkspaceList:
    """Answer with the one workspace there is, counted now; nothing is sent from it yet."""
    return {
        "workspaces": [
            {
                "id": 1,
                "name": "Emulator",
                "messages_sent": 0,
                "billable_messages_sent": 0,
                "people": len(world.people),
                "object_types": len(world.object_types()),
                "objects": len(world.objects),
            }
        ]
    }


@on(Info.ip_addresses, Manner(open=True))  # needs no credentials (App spec)
def ip_addresses(_world: World) -> IpAddresses:
    """Answer with this machine, which is where the emulator calls from."""
    return {"ip_addresses": ["127.0.0.1"]}
