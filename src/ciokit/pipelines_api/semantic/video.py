"""Semantic events of video: playback as a whole, the content shown, the ads between, and changes of quality.

Source: Pipelines spec of video events, as carried in `specs/semantic_events.json`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict

from ciokit.pipelines_api.semantic.event import event

AdType = Literal["pre-roll", "mid-roll", "post-roll"]
AdLoad = Literal["dynamic", "linear"]


class Viewing(TypedDict, total=False):
    """Where in which viewing session."""

    session_id: str
    position: int
    total_length: int


class Stream(TypedDict, total=False):
    """How dense the stream is."""

    bitrate: int
    framerate: int


class Player(Viewing, Stream, total=False):
    """What a player says at every turn of a playback."""

    ad_asset_id: str
    ad_pod_id: str
    ad_type: AdType
    video_player: str
    sound: int
    full_screen: bool
    ad_enabled: bool
    quality: str
    livestream: bool


class PlaybackStarted(Player, total=False):
    """Properties of `Video Playback Started`: all the content to come, hence lists."""

    content_asset_ids: list[str]
    content_pod_ids: list[str]


class Playback(Player, total=False):
    """Properties of the playback events that have one content: all but started and interrupted."""

    content_asset_id: str
    content_pod_id: str


class PlaybackInterrupted(Playback, total=False):
    """Properties of `Video Playback Interrupted`."""

    method: str


class Asset(Viewing, total=False):
    """The piece of content or advertisement that is shown."""

    asset_id: str
    pod_id: str
    title: str
    publisher: str


class Content(Asset, Stream, total=False):
    """Properties of the three content events; `airdate` is a time."""

    program: str
    description: str
    season: str
    genre: str
    channel: str
    full_episode: bool
    livestream: bool
    airdate: str | datetime
    keywords: list[str]


class Ad(Asset, total=False):
    """Properties of the three ad events; `content` is the content it interrupts."""

    pod_position: int
    pod_length: int
    load_type: AdLoad
    content: dict[str, Any]
    quartile: int


class QualityUpdated(Stream, total=False):
    """Properties of `Video Quality Updated`, two of which are in camel case."""

    startupTime: int
    droppedFrames: int


video_playback_started = event("Video Playback Started", PlaybackStarted)
video_playback_paused = event("Video Playback Paused", Playback)
video_playback_interrupted = event("Video Playback Interrupted", PlaybackInterrupted)
video_playback_buffer_started = event("Video Playback Buffer Started", Playback)
video_playback_buffer_completed = event("Video Playback Buffer Completed", Playback)
video_playback_seek_started = event("Video Playback Seek Started", Playback)
video_playback_seek_completed = event("Video Playback Seek Completed", Playback)
video_playback_resumed = event("Video Playback Resumed", Playback)
video_playback_completed = event("Video Playback Completed", Playback)
video_playback_exited = event("Video Playback Exited", Playback)
video_content_started = event("Video Content Started", Content)
video_content_playing = event("Video Content Playing", Content)
video_content_completed = event("Video Content Completed", Content)
video_ad_started = event("Video Ad Started", Ad)
video_ad_playing = event("Video Ad Playing", Ad)
video_ad_completed = event("Video Ad Completed", Ad)
video_quality_updated = event("Video Quality Updated", QualityUpdated)
