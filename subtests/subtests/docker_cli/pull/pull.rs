//! `docker pull`: brings what the registry holds, all of it and nothing else, and says why it cannot.
//!
//! With the shipped options a registry of our own (`docker-registry`) listens on the loopback of the engine's network. It
//! holds two small images under one name, as `latest` and as another tag, of which the engine has never heard. Their ids
//! and digests are known beforehand, so each line that the command prints is compared, and what the engine's API tells
//! about the image afterwards: its id, its layers, its names, its digest. What was not asked for must not be there.
//!
//! | sub-subtest | what is pulled | what must become of it |
//! | --- | --- | --- |
//! | `good` | the tag `docker_repo_tag` | it is there; a second pull finds it up to date |
//! | `good_extra_tag` | the tag `latest`, by its name | it is there |
//! | `default_tag` | the name without a tag | `latest` is there |
//! | `latest` | all tags (`--all-tags`) | each is there, with its own image |
//! | `wrong_tag` | a tag that the registry does not have | refused, the name is named; nothing is there |
//! | `wrong_registry_addr` | something from an address where nobody listens | the same |
//!
//! # Options
//! `docker_registry_host` names another registry, which must hold `docker_registry_user/docker_repo_name` under
//! `docker_repo_tag` and `latest`. Then less is known beforehand: the image must be there under its name, with the digest
//! that the command told. An image that the engine had before is never removed.
//!
//! # Engines
//! Failures end docker's client with status 1 and podman's with 125. Podman prints only the id of the image on standard
//! output. It needs `--tls-verify=false` for the registry of our own, and version 4 ignores that with `--all-tags`: then
//! `latest` is not applicable.

mod good;
mod several;
mod source;
mod told;
mod wrong;

use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::Registry;
use dockertest::prelude::*;
use serde::Deserialize;

use good::{DefaultTag, Good};
use several::Latest;
use wrong::{WrongRegistryAddr, WrongTag};

/// The options of `[docker_cli/pull]` and the sections below it.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::seconds")]
    docker_pull_timeout: Duration,
    docker_registry_host: String,
    docker_registry_user: String,
    docker_repo_name: String,
    docker_repo_tag: String,
}

#[derive(Default)]
struct Pull {
    registry: Option<Outcome<Registry>>,
}

impl Subtest for Pull {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        // Not all need it, so that there is none ends only those that do.
        self.registry = Some(ctx.registry());
        Ok(())
    }
}

impl Pull {
    fn registry(&self) -> Outcome<&Registry> {
        match &self.registry {
            Some(Ok(registry)) => Ok(registry),
            Some(Err(failure)) => Err(failure.clone()),
            None => Err(NotApplicable::because("no registry was asked for").into()),
        }
    }
}

/// Pulls something, without looking at how that ends.
fn pull(ctx: &Context, options: &Options, words: &[&str]) -> Outcome<Completed> {
    let mut all = vec!["pull"];
    if is_podman(ctx) {
        all.push("--tls-verify=false");
    }
    all.extend(words);
    Ok(ctx.docker(all).timeout(options.docker_pull_timeout).run()?)
}

fn is_podman(ctx: &Context) -> bool {
    ctx.engine().is_some_and(|engine| engine.flavor == "podman")
}

dockertest::subtest!(
    Pull,
    "`docker pull` brings what the registry holds, and says why it cannot.",
    sequential {
        good: Good,
        good_extra_tag: Good,
        default_tag: DefaultTag,
        latest: Latest,
        wrong_tag: WrongTag,
        wrong_registry_addr: WrongRegistryAddr,
    }
);
