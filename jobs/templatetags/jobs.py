"""How album pages show jobs without knowing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django import template
from django.core.paginator import Page
from django.template import Context
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from albums.models import Album, Photo, Restoration
from albums.prints import prints_of
from jobs import money
from jobs.asking import codes_of
from jobs.boards import Chip, album_board, photo_board
from jobs.connections import shown_id
from jobs.models import Attempt, Job, PrintSearch
from jobs.offers import Asks, Offer, asks_for, label_of, offers_for
from jobs.option_fields import Field, fields_of
from jobs.own_options import label_words
from jobs.providers import local
from jobs.recipes import BY_CODE, REPAIR, Wish, can_do
from jobs.status import (
    Hold,
    Status,
    Trouble,
    hold_of,
    provider_label,
    recipe_title,
    status_of,
    trouble_of,
)
from jobs.timeline import Line, timeline_of

register = template.Library()

CHIPS = "job_chips"


@register.simple_tag(takes_context=True)
def job_board(context: Context, album: Album, page: Page[Photo]) -> SafeString:
    """The album's summary line and its poll. Write it before the chips."""
    board = album_board(album, list(page), page=page.number)
    said = {"board": board, "album": album, "may_change": context["can_add"]}
    context[CHIPS] = {chip.photo.pk: chip for chip in board.chips}
    return render_to_string("jobs/_album_board.html", said, request=context["request"])


@register.inclusion_tag("jobs/_chip.html", takes_context=True)
def job_chip(context: Context, photo: Photo) -> dict[str, Any]:
    """How the photo's job stands; nothing where it never had one."""
    chips: Mapping[int, Chip] = context[CHIPS]
    return {"chip": chips[photo.pk]}


@register.simple_tag
def remote_offers(album: Album) -> tuple[Offer, ...]:
    """The providers outside the house; none where there is no key for any."""
    return offers_for(album)


@register.simple_tag
def recipe_asks(album: Album) -> Asks:
    """The recipes that the album's photos may get, and who can do each."""
    return asks_for(album, offers_for(album))


@register.simple_tag(takes_context=True)
def job_live(context: Context, photo: Photo) -> SafeString:
    """The live line of a photo: its jobs, their timelines, and the page's poll. Sets
    `photo_jobs`, so that the page knows whether anything was ever asked for."""
    board = photo_board(photo, photo.album)
    context["photo_jobs"] = board.jobs
    return render_to_string(
        "jobs/_photo_board.html",
        {"board": board, "photo": photo, "may_change": context["may_change"]},
        request=context["request"],
    )


@register.inclusion_tag("jobs/_restore_form.html", takes_context=True)
def restore_form(context: Context, photo: Photo) -> dict[str, Any]:
    """Ask for a restoration: a recipe, who does it, and every option of theirs."""
    asks = asks_for(photo.album, offers_for(photo.album))
    return {
        "action": reverse("jobs:start", args=[photo.code]),
        "next": reverse("albums:photo", args=[photo.code]),
        "album": photo.album,
        "number": 1,
        "asks": asks,
        "fields": fields_of(asks.wish),
        "label": label_of(asks.wish.provider),
        "batch": uuid4(),
        "user": context["user"],
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag
def for_few_of(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """What only people with an account at the vendor know how to fill in."""
    return tuple(field for field in fields if field.is_for_few)


@dataclass(frozen=True)
class PrintsAsked:
    """What a question about prints needs to say: who would get how many, and the price;
    `here` is the recipe that this machine can do instead."""

    number: int
    label: str
    recipe: str
    wish: Wish
    codes: str
    price: str
    here: str


@register.simple_tag
def prints_asked(search: PrintSearch) -> PrintsAsked:
    photos = tuple(prints_of(search.photo))
    wish = Wish.parse(search.wish)
    price = money.price_of(wish.provider)
    return PrintsAsked(
        number=len(photos),
        label=label_of(wish.provider),
        recipe=recipe_title(wish.recipe),
        wish=wish,
        codes=codes_of(photos),
        price=price.times(len(photos)).words if price else "",
        here=wish.recipe if can_do(local.NAME, wish.recipe) else REPAIR,
    )


@register.filter
def status(job: Job) -> Status:
    return status_of(job)


@register.filter
def trouble(job: Job) -> Trouble:
    return trouble_of(job)


@register.filter
def hold(job: Job) -> Hold:
    return hold_of(job)


@register.filter
def timeline(job: Job) -> list[Line]:
    return timeline_of(job)


@register.filter
def provider_words(provider: str) -> str:
    return provider_label(provider)


@register.filter
def number_there(attempt: Attempt) -> str:
    return shown_id(attempt.provider, attempt.remote_id)


@register.filter
def recipe_words(recipe: str) -> str:
    return recipe_title(recipe)


@register.filter
def made_up(restoration: Restoration) -> str:
    """What of a restoration is made up, and by which own model; "" if nothing. One query
    for what the engine of this app made with a note."""
    if restoration.provider == local.NAME:
        return _made_up_here(restoration) if restoration.note else ""
    recipe = BY_CODE.get(restoration.recipe)
    if recipe and recipe.guesses_colour:
        return _("colours are a guess")
    return _("faces partly made up") if recipe and recipe.redraws_faces else ""


def _made_up_here(restoration: Restoration) -> str:
    try:
        return label_words(restoration.note, restoration.job.options)
    except Job.DoesNotExist:
        return ""


@register.filter
def is_in(key: int, keys: frozenset[int]) -> bool:
    return key in keys
