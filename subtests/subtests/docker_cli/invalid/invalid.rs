//! `docker run`: what is not valid is refused, in each position of its command line.
//!
//! The sub-subtests take the positions in turn: `option`, `image`, `command` and `arg` (an argument of the command).
//! Each gives one invalid thing after the other, first things that do not exist (`invalid_run_params`), then things that
//! exist, with values that cannot be (`invalid_run_values`). Each command must fail with the right status, and standard
//! error must say why in the words that are expected. What the engine has afterwards is asked through its API:
//!
//! * `option` and `image`: there is no container of the name that was asked for, and no image of that name;
//! * `command`: the container may be left as it was created, but has never run; its exit status is the client's;
//! * `arg`: the container has run, has been given exactly these words, and has ended by itself; its exit status is the
//!   client's, and what standard error has is what the container wrote.
//!
//! So that an engine is noticed that refuses everything, each sub-subtest first runs a container with the same words but
//! for the invalid one, which must succeed.
//!
//! # Engines
//! The texts differ; the options that list them have the words of docker and podman, separated by `|`, in any case. Status
//! 125 is that of a refused `docker run`, 127 that of a program that is not there; the status of a program that refuses
//! its arguments is its own, so any but 0 will do.

mod item;
mod outcome;

use std::time::Duration;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

use item::{Item, items};

/// The options of a section such as `[docker_cli/invalid/option]`.
#[derive(Debug, Deserialize)]
struct Options {
    section: Position,
    #[serde(with = "types::list", default)]
    invalid_run_params: Vec<String>,
    #[serde(with = "types::list", default)]
    invalid_pars_expected_output: Vec<String>,
    #[serde(with = "types::list", default)]
    invalid_pars_expected_status: Vec<String>,
    #[serde(with = "types::list", default)]
    invalid_run_values: Vec<String>,
    #[serde(with = "types::list", default)]
    invalid_vals_expected_output: Vec<String>,
    #[serde(with = "types::list", default)]
    invalid_vals_expected_status: Vec<String>,
    expected_result: Expected,
    #[serde(with = "types::flag")]
    input_docker_tag: bool,
    #[serde(with = "types::seconds")]
    docker_invalid_timeout: Duration,
    valid_command: String,
}

/// Where in the command line the invalid thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Position {
    /// Before the image.
    Option,
    /// In place of the image.
    Image,
    /// Behind the image.
    Command,
}

/// What the commands are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Expected {
    Pass,
    Fail,
}

#[derive(Default)]
struct Invalid {
    image: String,
}

impl Subtest for Invalid {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        self.image = ctx.image()?;
        Ok(())
    }
}

/// One position; all sub-subtests do the same with other options.
#[derive(Default)]
struct InPosition {
    items: Vec<Item>,
    seen: Vec<Completed>,
    control: Option<Item>,
}

impl SubSubtest<Invalid> for InPosition {
    fn initialize(&mut self, parent: &mut Invalid, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.items = items(&options, &parent.image, ctx)?;
        self.control = Some(Item::control(&options, &parent.image, ctx)?);
        Ok(())
    }

    fn run_once(&mut self, _parent: &mut Invalid, ctx: &mut Context) -> Outcome {
        if let Some(control) = &self.control {
            control.run(ctx)?.must_pass()?;
            outcome::has_run(ctx, control)?;
        }
        for item in &self.items {
            self.seen.push(item.run(ctx)?);
        }
        Ok(())
    }

    fn postprocess(&mut self, _parent: &mut Invalid, ctx: &mut Context) -> Outcome {
        for (item, seen) in self.items.iter().zip(self.seen.drain(..)) {
            outcome::check(ctx, item, seen)?;
        }
        Ok(())
    }
}

dockertest::subtest!(
    Invalid,
    "What is not valid is refused by `docker run`, in each position of its command line.",
    staged { option: InPosition, image: InPosition, command: InPosition, arg: InPosition }
);
