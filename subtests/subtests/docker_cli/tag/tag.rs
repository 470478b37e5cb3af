//! `docker tag`: an image gets one more name, nothing else changes, and wrong names are refused.
//!
//! An image is made of the test image, so that nobody else has it. Each sub-subtest gives it a name of its own, and with
//! the command under test another one: with another tag, repository, user or registry. The command must print nothing and end with status 0. Then the engine's
//! API must know the new name as the same image, and all names of that image must be those from before and the new one.
//! A name that is refused must leave the image's names as they were, with nothing on standard output and a reason on
//! standard error.
//!
//! | sub-subtest | what it does |
//! | --- | --- |
//! | `change_tag`, `change_repository`, `change_user`, `change_registry` | change that part of the name |
//! | `double_tag` | gives a name that the image has already: that is no error, and changes nothing |
//! | `double_tag_force` | the same with `-f`, which engines once had and no longer know: refused |
//! | `move_tag` | gives a name that another image has: it moves, and the other image loses it |
//! | `bad_names` | an image that is not there, and names against the grammar: each is refused |
//!
//! # Options
//! With `gen_lower_only = no` names have capitals. Those are for tags only, so a repository or user with capitals must
//! be refused. With `tag_force = yes` every command has `--force`, which must be refused as an unknown option.
//! `docker_expected_result = FAIL` turns an expected success into an expected failure.
//!
//! # Engines
//! Docker's client ends with status 1 when a name is refused and 125 for an unknown option; podman with 125 for both.
//! Podman puts `localhost/` before names without a registry.

mod bad_names;
mod case;
mod change;
mod moving;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::{Expected, ImageName};
use dockertest::prelude::*;
use serde::Deserialize;

use bad_names::BadNames;
use case::Case;
use change::{ChangeRegistry, ChangeRepository, ChangeTag, ChangeUser, DoubleTag, DoubleTagForce};
use moving::MoveTag;

/// The options of `[docker_cli/tag]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    tag_force: bool,
    tag_repo_name_prefix: String,
    #[serde(with = "types::flag")]
    gen_lower_only: bool,
    #[serde(with = "types::seconds")]
    docker_tag_timeout: Duration,
}

/// The parent: an image that its sub-subtests give names to.
#[derive(Default)]
struct Tag {
    /// Its full id.
    base: String,
}

impl Subtest for Tag {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let container = ctx.container().create()?;
        self.base = ctx.image_of(&container, "base", "", "")?.id;
        Ok(())
    }
}

/// Gives an image one more name through the API: one that nothing else has.
fn name_for(ctx: &mut Context, id: &str, prefix: &str, tag: &str) -> Outcome<ImageName> {
    let name = ImageName::parse(&ctx.image_name(prefix))?.with_tag(tag)?;
    give(ctx, id, &name)?;
    Ok(name)
}

/// Gives an image this name through the API.
fn give(ctx: &Context, id: &str, name: &ImageName) -> Outcome {
    let flavor = ctx.engine().map_or("", |engine| engine.flavor.as_str());
    let local = name.local(flavor);
    let (repository, tag) = local.rsplit_once(':').unwrap_or((&local, "latest"));
    Ok(ctx.api()?.tag(id, repository, tag)?)
}

/// How a `docker tag` must end for which nothing else speaks than the options.
fn expected(ctx: &Context, options: &Options) -> Outcome<Expected> {
    let configured = Expected::of(ctx.section())?.unwrap_or(Expected::SUCCESS);
    Ok(if options.tag_force && configured.is_success() { Expected::Status(125) } else { configured })
}

dockertest::subtest!(
    Tag,
    "`docker tag` gives an image one more name, and refuses wrong ones.",
    sequential {
        change_tag: Case<ChangeTag>,
        change_repository: Case<ChangeRepository>,
        change_user: Case<ChangeUser>,
        change_registry: Case<ChangeRegistry>,
        double_tag: Case<DoubleTag>,
        double_tag_force: Case<DoubleTagForce>,
        move_tag: MoveTag,
        bad_names: BadNames,
    }
);
