"""The commands for teams that work in Label Studio: to and from a server, to and from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from data.terminal import AsJson, print_result, progress_bar, stopped_says
from data.text.phrases import counted

if TYPE_CHECKING:
    from data.label_studio.pull import Pulled

Url = Annotated[str, typer.Option(envvar="LABEL_STUDIO_URL", help="The server's address, http://HOST:PORT.")]
Project = Annotated[str, typer.Option(help="A project's id or title; push makes one of a new title.")]
Token = Annotated[
    str, typer.Option(envvar="LABEL_STUDIO_API_KEY", help="An access token of yours.", show_envvar=True)
]
Images = Annotated[
    str | None,
    typer.Option(
        help="What stands before an image's file name in its address; by default Label Studio's local files "
        "with the dataroot as their document root."
    ),
]
People = Annotated[
    list[str] | None,
    typer.Option("--person", help="EMAIL=NAME where the e-mail address is not the name here; repeatable."),
]
Users = Annotated[
    list[str] | None,
    typer.Option(
        "--user", help="ID=EMAIL of the users in the file, whose exports hold ids only; repeatable."
    ),
]
Timeout = Annotated[float, typer.Option(min=1, help="Timeout of a request to the server, in seconds.")]

label_studio = typer.Typer(
    help="Exchange with Label Studio, through its server or through files.", no_args_is_help=True
)


@label_studio.command("push")
@stopped_says("What was sent stays there; the same command sends the rest.")
def push(
    ctx: typer.Context,
    url: Url,
    project: Project,
    token: Token = "",
    images: Images = None,
    timeout: Timeout = 180.0,
    as_json: AsJson = False,
) -> None:
    """Push frames that need a review into a project.

    Each training frame becomes one task with its proposal as a prediction; what is there already stays.
    """
    from data.label_studio.push import push as use_case
    from data.label_studio.server import LabelStudioServer
    from data.label_studio.tasks import LOCAL_FILES

    store = ctx.obj.open_store()
    server = LabelStudioServer(url, token, timeout_s=timeout)
    with progress_bar("Pushing tasks") as progress:
        done = use_case(store, server, project, images=images or LOCAL_FILES, progress=progress)
    notes = [
        f" {counted(done.lost, 'prediction')} that Label Studio had lost were sent again."
        if done.lost
        else "",
        f" {counted(done.doubled, 'doubled task')} without annotations taken away." if done.doubled else "",
        f" {counted(len(done.doubled_with_annotations), 'frame')} stand in several annotated tasks."
        if done.doubled_with_annotations
        else "",
        f" {counted(done.others, 'task')} there are not ours." if done.others else "",
        f" Pictures will not show there: {done.unseen}" if done.unseen else "",
    ]
    print_result(
        done.as_dict(),
        f"Project {done.project} ({done.title}): {counted(done.added, 'task')} added, {done.there:,} were there; "
        f"it has {counted(done.tasks, 'task')} and {counted(done.predictions, 'prediction')} now.{''.join(notes)}",
        as_json=as_json,
    )


@label_studio.command("pull")
@stopped_says("The reviews written so far stay; the same command takes the rest.")
def pull(
    ctx: typer.Context,
    url: Url,
    project: Project,
    token: Token = "",
    person: People = None,
    timeout: Timeout = 180.0,
    as_json: AsJson = False,
) -> None:
    """Import annotations as reviews.

    Each annotation once, under the person whose name here is the e-mail address there. What is not taken is named
    with its reason, stays where it is, and is taken by a later pull once the reason is gone.
    """
    from data.label_studio.pull import pull as use_case
    from data.label_studio.server import LabelStudioServer

    store = ctx.obj.open_store()
    people = _pairs(person, "--person EMAIL=NAME")
    server = LabelStudioServer(url, token, timeout_s=timeout)
    with progress_bar("Pulling answers") as progress:
        done = use_case(store, server, project, people=people, progress=progress)
    _say(done, as_json=as_json)


@label_studio.command("export")
@stopped_says("The file may be incomplete; remove it and run the same command again.")
def export(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new JSON file; the configuration is written beside it.")],
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="The frames that have reviews, with these as annotations.")
    ] = False,
    images: Images = None,
    as_json: AsJson = False,
) -> None:
    """Write frames as a file to import in Label Studio.

    Those that need a review, with their proposals as predictions, and the labelling configuration beside them.
    """
    from data.label_studio.files import export_tasks
    from data.label_studio.tasks import LOCAL_FILES

    done = export_tasks(ctx.obj.open_store(), file, reviewed=reviewed, images=images or LOCAL_FILES)
    print_result(
        done.as_dict(),
        f"{counted(done.tasks, 'task')} with {counted(done.predictions, 'prediction')} and "
        f"{counted(done.annotations, 'annotation')} in {file}; the labelling configuration is {done.config}.",
        as_json=as_json,
    )


@label_studio.command("import")
@stopped_says("The reviews written so far stay; the same command takes the rest.")
def import_file(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A JSON export of Label Studio.")],
    user: Users = None,
    person: People = None,
    as_json: AsJson = False,
) -> None:
    """Import a JSON export's annotations as reviews.

    Each once; whoever imports a file vouches for the people that its answers stand under.
    """
    from data.label_studio.files import import_answers

    ids = _pairs(user, "--user ID=EMAIL")
    if not all(key.isdecimal() for key in ids):
        raise typer.BadParameter(f"--user takes ID=EMAIL with a number as ID, not {', '.join(ids)}.")
    people = _pairs(person, "--person EMAIL=NAME")
    emails = {int(key): email for key, email in ids.items()}
    store = ctx.obj.open_store()
    with progress_bar("Taking answers") as progress:
        done = import_answers(store, file, emails=emails, people=people, progress=progress)
    _say(done, as_json=as_json)


def _pairs(given: list[str] | None, form: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in given or []]
    if wrong := [f"{key}{sign}{value}" for key, sign, value in pairs if not (key and value)]:
        raise typer.BadParameter(f"{wrong[0]!r} is not of the form {form}.")
    return {key: value for key, _, value in pairs}


def _say(done: Pulled, *, as_json: bool) -> None:
    lines = [f"  annotation {one.annotation_id} of task {one.task_id}: {one.reason}." for one in done.refused]
    changed = f" ({done.changed:,} in place of an earlier one)" if done.changed else ""
    skipped = f" {counted(done.skipped, 'annotation')} cancelled by people." if done.skipped else ""
    sentence = (
        f"{counted(done.annotations, 'annotation')} of {counted(done.tasks, 'task')}: "
        f"{counted(done.taken, 'review')} written{changed}, {done.known:,} were there, "
        f"{len(done.refused):,} refused.{skipped}"
    )
    print_result(done.as_dict(), "\n".join([sentence, *lines]), as_json=as_json)
