//! One commit, from the container that is made for it to what containers of the new image do.

use dockertest::engine::{Expected, Tags};
use dockertest::prelude::*;

use super::changes::Changes;
use super::committed::Committed;
use super::source::Source;
use super::{Commit, Options, commit, words};

/// What is looked at after a commit that succeeded.
pub(super) trait Check: Default {
    fn check(&self, ctx: &mut Context, done: &Done<'_>) -> Outcome;

    /// Whether the container runs while it is committed.
    const RUNS: bool = false;

    /// Whether the options change what the image does by itself.
    const CHANGES: bool = false;
}

/// A commit that succeeded.
pub(super) struct Done<'d> {
    options: &'d Options,
    source: &'d Source,
    committed: Committed,
    seen: &'d Completed,
}

/// The sub-subtest of one commit.
#[derive(Default)]
pub(super) struct Case<C> {
    check: C,
    source: Option<Source>,
    name: String,
}

impl<C: Check> SubSubtest<Commit> for Case<C> {
    fn initialize(&mut self, _commit: &mut Commit, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        // First, so that it is removed after the containers that use it.
        self.name = format!("{}:committed", ctx.image_name(&options.commit_repo_name_prefix));
        self.source = Some(Source::new(ctx, &options, C::RUNS)?);
        Ok(())
    }

    fn run_once(&mut self, _commit: &mut Commit, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let Some(source) = self.source.take() else { return Ok(()) };
        let expected = Expected::of(ctx.section())?.unwrap_or(Expected::SUCCESS);
        let changes = if C::CHANGES { Changes::read(&options.commit_run_params)? } else { Changes::default() };
        let seen = commit(ctx, &options, &changes.instructions()?, source.container.name(), &self.name)?;
        let seen = seen.must_end(expected)?;
        source.must_be_unchanged(&seen)?;
        if !expected.is_success() {
            let names = Tags::of(&*ctx.api()?, &self.name)?;
            source.must_have_made(ctx, 0, &seen)?;
            return seen.check(names.is_empty(), format!("there is no image `{}`", self.name));
        }
        let committed = Committed::new(ctx, &options, (&source, &changes), &self.name, &seen)?;
        source.must_have_made(ctx, 1, &seen)?;
        self.check.check(ctx, &Done { options: &options, source: &source, committed, seen: &seen })
    }
}

/// Reads the changed files.
#[derive(Default)]
pub(super) struct ReadFiles;

impl Check for ReadFiles {
    fn check(&self, ctx: &mut Context, done: &Done<'_>) -> Outcome {
        let Done { options, source, committed, seen } = done;
        let files = options.commit_changed_files.split(';').map(str::trim).filter(|file| !file.is_empty());
        for file in files {
            let command = words(ctx, "docker_read_file_cmd", &options.docker_read_file_cmd, file)?;
            let read = committed.run(ctx, Some(command), seen)?;
            seen.check_eq(read.trim_end(), &source.text, format!("what `{file}` holds in the new image"))?;
        }
        Ok(())
    }
}

/// Runs the image without a command.
#[derive(Default)]
pub(super) struct CheckDefaultCmd;

impl Check for CheckDefaultCmd {
    fn check(&self, ctx: &mut Context, done: &Done<'_>) -> Outcome {
        let printed = done.committed.run(ctx, None, done.seen)?;
        let expected = done.source.container.logs()?.stdout_text();
        done.seen.check(expected.contains(&done.source.text), "the container printed its text")?;
        done.seen.check_eq(printed, expected, "what the new image prints when it is run without a command")
    }
}

/// Runs the image without a command, after that was changed.
#[derive(Default)]
pub(super) struct ChangeDefaultCmd;

impl Check for ChangeDefaultCmd {
    const CHANGES: bool = true;

    fn check(&self, ctx: &mut Context, done: &Done<'_>) -> Outcome {
        let printed = done.committed.run(ctx, None, done.seen)?;
        let expected = &done.options.check_results_contain;
        let text = format!("the new image prints `{expected}` when it is run without a command, seen `{printed}`");
        done.seen.check(printed.contains(expected.as_str()), text)
    }
}

/// Looks whether the container runs and has been running all the time; that it is unchanged has been checked.
#[derive(Default)]
pub(super) struct StillRuns;

impl Check for StillRuns {
    const RUNS: bool = true;

    fn check(&self, ctx: &mut Context, done: &Done<'_>) -> Outcome {
        let state = done.source.container.state()?;
        let runs = state.running == Some(true) && state.paused != Some(true);
        done.seen.check(runs, "the container still runs and is not paused")?;
        ReadFiles.check(ctx, done)
    }
}
