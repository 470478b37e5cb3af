//! `docker rmi`: names and images go when they are told to, and stay when somebody needs them.
//!
//! Each sub-subtest has images of its own: made of the test image, or small ones of which the engine has never heard. An
//! image that is in use was made of a container that ran `docker_data_prepare_cmd`, and is used by a container that ran it
//! and has ended. What the command prints is
//! compared whole; what it does is looked up through the engine's API: all names of the image, the image itself, and the
//! container that uses it. Another image of the sub-subtest must be there as before.
//!
//! | sub-subtest | what is removed | what must become of it |
//! | --- | --- | --- |
//! | `only_tag` | one of two names | this name goes, the image stays with the other |
//! | `last_tag` | the only name | the image goes with it |
//! | `delete_wrong_name` | a name that nothing has | refused, the name is named |
//! | `with_blocking_container_by_tag` | the name of an image that a container uses | refused, the reason is named; all stays |
//! | `with_blocking_container_by_id` | the id of an image that a container uses | the same |
//!
//! # Options
//! `docker_rmi_force = yes` gives `--force`, which has promises of its own: an unknown name is no failure then, and the
//! image of a container that does not run goes with its last name. `docker_expected_result` says how
//! `only_tag`, `last_tag` and `delete_wrong_name` must end.
//!
//! # Engines
//! A used image is refused by docker with status 1 and by podman with 2. With `--force` podman removes the container as
//! well.

mod blocked;
mod names;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::ImageName;
use dockertest::prelude::*;
use serde::Deserialize;

use blocked::{Blocked, ById, ByTag};
use names::{DeleteWrongName, LastTag, OnlyTag};

/// The options of `[docker_cli/rmi]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    docker_rmi_force: bool,
    #[serde(with = "types::seconds")]
    docker_rmi_timeout: Duration,
    rmi_repo_tag_name_prefix: String,
    commit_repo_tag_name_prefix: String,
    docker_data_prepare_cmd: String,
    commit_author: String,
    commit_message: String,
}

#[derive(Default)]
struct Rmi;

impl Subtest for Rmi {
    fn needs_engine(&self) -> bool {
        true
    }
}

/// Runs the command under test on a name or id.
fn rmi(ctx: &Context, options: &Options, what: &str) -> Outcome<Completed> {
    let force: &[&str] = if options.docker_rmi_force { &["--force"] } else { &[] };
    let words = ["rmi"].iter().chain(force).chain([&what]).copied();
    Ok(ctx.docker(words).timeout(options.docker_rmi_timeout).run()?)
}

/// The line that tells that a name is gone.
fn untagged(ctx: &Context, name: &str) -> Outcome<String> {
    Ok(format!("Untagged: {}\n", ImageName::parse(name)?.tagged().local(flavor(ctx))))
}

/// The line that tells that an image is gone.
fn deleted(ctx: &Context, id: &str) -> String {
    format!("Deleted: {}\n", if is_podman(ctx) { id.trim_start_matches("sha256:") } else { id })
}

fn flavor(ctx: &Context) -> &str {
    ctx.engine().map_or("docker", |engine| engine.flavor.as_str())
}

fn is_podman(ctx: &Context) -> bool {
    flavor(ctx) == "podman"
}

dockertest::subtest!(
    Rmi,
    "`docker rmi` removes names and images, and keeps what is in use.",
    sequential {
        only_tag: OnlyTag,
        last_tag: LastTag,
        delete_wrong_name: DeleteWrongName,
        with_blocking_container_by_tag: Blocked<ByTag>,
        with_blocking_container_by_id: Blocked<ById>,
    }
);
