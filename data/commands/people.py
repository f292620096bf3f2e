"""`teletriage people`: who signs in, as what, and ending it."""

from __future__ import annotations

from typing import Annotated

import typer

from data.terminal import AsJson, print_result, stopped_says
from data.text.phrases import counted
from data.vocabulary import PersonRole

people = typer.Typer(help="The people who sign in: add, list, role, disable, reset.", no_args_is_help=True)
_WHOLE = "The account is as it was or as asked: `teletriage people list` shows it."
_GIVEN = f"{_WHOLE} A password that was not printed is lost: `teletriage people reset` makes another."
Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
Password = Annotated[
    str | None, typer.Option(envvar="TELETRIAGE_PASSWORD", help="By default one is generated and printed.")
]


@people.command("add")
@stopped_says(_GIVEN)
def add_person(
    ctx: typer.Context,
    name: Name,
    role: Annotated[PersonRole, typer.Option(help="What the person does.")],
    display_name: Annotated[str | None, typer.Option(help="The name to show.")] = None,
    password: Password = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="Sign-in through the identity provider only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add an account. Its password is temporary: whoever signs in with it chooses their own before anything else."""
    from data.people.accounts import add_person as use_case
    from data.people.passwords import random_password

    if no_password and password:
        raise typer.BadParameter("a password was given too (--password or TELETRIAGE_PASSWORD).")
    store = ctx.obj.open_store()
    made = None if password or no_password else random_password()
    person = use_case(
        store, name, role, password=password or made, is_temporary=True, display_name=display_name
    )
    told = (
        f" Temporary password: {made}" if made else " Signs in through the provider." if no_password else ""
    )
    figures = {"name": person.name, "role": role.value, "password": made}
    then = ctx.obj.command("review")
    print_result(figures, f"Added {person.name} as {role.value}.{told}", as_json=as_json, then=then)


@people.command("list")
@stopped_says("Nothing was changed; run the same command again.")
def list_everybody(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List all accounts, scripted reviewers included."""
    from data.people.accounts import list_people

    rows = [
        {
            "name": one.name,
            "role": one.role.value,
            "scripted": one.is_scripted,
            "disabled": one.is_disabled,
            "temporary_password": one.temporary_since_us is not None,
            "no_password": one.password_hash is None and not one.is_scripted,
        }
        for one in list_people(ctx.obj.open_store())
    ]
    marks = ("scripted", "disabled", "temporary_password", "no_password")
    lines = [
        " ".join([f"{row['name']:24} {row['role']:10}", *(m.replace("_", " ") for m in marks if row[m])])
        for row in rows
    ]
    print_result({"people": rows}, "\n".join(lines) or "Nobody yet: teletriage people add.", as_json=as_json)


@people.command("role")
@stopped_says(_WHOLE)
def change_role(
    ctx: typer.Context,
    name: Name,
    role: Annotated[PersonRole, typer.Argument(help="The new role.")],
    as_json: AsJson = False,
) -> None:
    """Change a role: annotator, lead, trainer, operator or admin. It takes effect with the person's next action."""
    from data.people.accounts import change_role as use_case

    person = use_case(ctx.obj.open_store(), name, role)
    print_result(
        {"name": person.name, "role": role.value}, f"{person.name} is now {role.value}.", as_json=as_json
    )


@people.command("disable")
@stopped_says(_WHOLE)
def disable(
    ctx: typer.Context,
    name: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Enable the account again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Disable an account: its sign-ins end and its reserved frames are released. Its reviews stay."""
    from data.people.accounts import disable_person, enable_person

    person = (enable_person if undo else disable_person)(ctx.obj.open_store(), name)
    told = "can sign in again." if undo else "can no longer sign in; open sign-ins have ended."
    print_result(
        {"name": person.name, "disabled": person.is_disabled}, f"{person.name} {told}", as_json=as_json
    )


@people.command("unlink")
@stopped_says(_WHOLE)
def unlink(
    ctx: typer.Context,
    name: Name,
) -> None:
    """Let an account belong to another identity at the provider from its next sign-in there."""
    from data.people.provider_sign_in import unlink_identity

    unlink_identity(ctx.obj.open_store(), name)
    print(f"{name} is linked to whoever signs in next under that verified address.")


@people.command("reset")
@stopped_says(_GIVEN)
def reset_password(
    ctx: typer.Context,
    name: Name,
    password: Password = None,
    sign_ins_only: Annotated[
        bool, typer.Option("--sign-ins-only", help="Keep the password; only end open sign-ins.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set a temporary password and end the person's sign-ins everywhere. They choose their own at the next one."""
    from data.people.accounts import end_sign_ins, set_password
    from data.people.passwords import random_password

    store = ctx.obj.open_store()
    if sign_ins_only:
        ended = end_sign_ins(store, name)
        told = f"{counted(ended, 'sign-in')} of {name} ended."
        print_result({"name": name, "ended": ended}, told, as_json=as_json)
        return
    made = None if password else random_password()
    set_password(store, name, password or made or "", is_temporary=True)
    told = f" Temporary password: {made}" if made else ""
    print_result({"name": name, "password": made}, f"{name} has a new password.{told}", as_json=as_json)
