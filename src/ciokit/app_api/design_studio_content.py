"""What a Design Studio e-mail consists of: content, envelope, and the transformers that finish its HTML."""

from __future__ import annotations

from typing import Literal, TypedDict


class EmailContent(TypedDict, total=False):
    """What is read: subject, preheader, and the body as HTML, plain text and AMP."""

    subject: str
    preheader_text: str
    html: str
    text: str
    amp: str


class EmailHeader(TypedDict):
    """One header of an e-mail."""

    name: str
    value: str


class EnvelopeInput(TypedDict, total=False):
    """Who an e-mail is from and for; senders are given by the id of a sender identity.

    `recipient` is `{{customer.email}}` and `fake_bcc` true where left out.
    """

    from_id: int | None
    reply_to_id: int | None
    recipient: str
    bcc: str
    fake_bcc: bool
    headers: list[EmailHeader]


FromAddress = TypedDict("FromAddress", {"from": str}, total=False)


class Envelope(EnvelopeInput, FromAddress, total=False):
    """An envelope as it is read back: the senders' addresses stand beside their ids."""

    reply_to: str


class Accessibility(TypedDict, total=False):
    """What is added or removed so that screen readers can follow."""

    enabled: bool
    language: str
    add_dir_to_content: bool
    add_dir_to_html: bool
    add_empty_alt_to_images: bool
    add_lang_to_content: bool
    add_lang_to_html: bool
    add_role_to_tables: bool
    add_title_to_head: bool
    add_vml_alt_text: bool
    remove_button_role_from_links: bool
    remove_zoom_meta_tag: bool


class HtmlAttributes(TypedDict, total=False):
    """Which styles also become HTML attributes."""

    enabled: bool
    apply_height_attributes: bool
    apply_table_element_attributes: bool
    apply_width_attributes: bool


class CssInliner(TypedDict, total=False):
    """How style sheets move into `style` attributes."""

    enabled: bool
    apply_html_attributes: HtmlAttributes
    apply_style_tags: bool
    inline_pseudo_elements: bool
    preserve_font_faces: bool
    preserve_important: bool
    preserve_keyframes: bool
    preserve_media_queries: bool
    preserve_pseudos: bool
    remove_style_tags: bool


class CssVariables(TypedDict, total=False):
    """Whether CSS variables are replaced by their values."""

    enabled: bool
    preserve: bool


class Enabled(TypedDict, total=False):
    """A transformer that is on or off."""

    enabled: bool


class Minify(TypedDict, total=False):
    """How HTML is made shorter."""

    line_length_limit: int
    remove_css_comments: bool
    remove_html_comments: Literal["0", "1", "2"]
    remove_indentations: bool
    remove_line_breaks: bool


class Prettify(TypedDict, total=False):
    """How HTML is laid out for reading."""

    indent_character: Literal["spaces", "tabs"]
    indent_size: int
    wrap_attributes: bool


class Formatter(TypedDict, total=False):
    """How the HTML is written."""

    type: Literal["none", "prettify", "minify"]
    minify: Minify
    prettify: Prettify


class Markers(TypedDict, total=False):
    """What opens and closes a passage of a template language, which is left alone."""

    heads: str
    tails: str


class RemoveUnusedCss(TypedDict, total=False):
    """Which styles that nothing uses go."""

    enabled: bool
    backend_markers: list[Markers]
    uglify: bool
    whitelist: list[str]


class UrlParameter(TypedDict, total=False):
    """One parameter added to links."""

    key: str
    value: str
    url_encode: bool


class UrlParameters(TypedDict, total=False):
    """The parameters added to links."""

    enabled: bool
    parameters: list[UrlParameter]


class Transformers(TypedDict, total=False):
    """What is done to the HTML of an e-mail before it is sent; an unknown name in it is refused."""

    accessibility: Accessibility
    css_inliner: CssInliner
    css_variables: CssVariables
    encode_entities: Enabled
    formatter: Formatter
    prevent_widows: Enabled
    remove_unused_css: RemoveUnusedCss
    url_parameters: UrlParameters
