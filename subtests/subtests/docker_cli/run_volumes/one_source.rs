//! Several containers that write to one folder.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::Container;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

use super::template::{Keys, run};
use super::{RunVolumes, is_right};
use crate::md5sum::md5sum;

/// The options of `[docker_cli/run_volumes/volumes_one_source]`.
#[derive(Deserialize)]
struct Options {
    num_containers: usize,
    #[serde(with = "types::seconds")]
    cmd_timeout: Duration,
    selinux_context: String,
    cntr_path: String,
    exec_command: String,
}

/// Mounts one folder into several containers.
#[derive(Default)]
pub(super) struct OneSource;

impl SubSubtest<RunVolumes> for OneSource {
    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let folder = ctx.tmp().join("source");
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        let source = folder.display().to_string();
        if !options.selinux_context.is_empty() && ctx.require(Requirement::Feature(Feature::Selinux)).is_ok() {
            label(&source, &options.selinux_context)?;
        }
        let mut running = Vec::new();
        for _ in 0..options.num_containers {
            let name = ctx.container_name("writer");
            let write_path = format!("{}/{name}", options.cntr_path);
            let keys = Keys::new([("name", &*name), ("write_path", &write_path), ("cntr_path", &options.cntr_path)]);
            let volume = format!("--volume={source}:{}:z", options.cntr_path);
            let command = keys.words("exec_command", &options.exec_command)?;
            let words = run(ctx, &name, vec![volume], command)?;
            running.push((name, ctx.docker(words).spawn()?));
        }
        let mut names = BTreeSet::new();
        for (name, running) in running {
            let seen = running.wait(options.cmd_timeout)?.must_pass()?;
            let written = fs::read(folder.join(&name)).unwrap_or_default();
            seen.check(
                !written.is_empty(),
                format!("{name} has written to the file of its name in the host's folder"),
            )?;
            let printed = seen.stdout_text().into_owned();
            let sum = printed.split_whitespace().next().unwrap_or_default();
            seen.check_eq(sum, md5sum(&written), "the sum that the container printed of what it wrote")?;
            seen.check_eq(printed.lines().count(), 1, "the lines that the container printed")?;
            if options.exec_command.contains("(name)s -") {
                let written = String::from_utf8_lossy(&written).into_owned();
                let others = written.lines().filter(|line| !line.starts_with(&format!("{name} - "))).count();
                seen.check_eq(others, 0, format!("the lines in the file of {name} that it did not write"))?;
            }
            is_right(&seen, &Container::find(ctx, &name)?, &source, &options.cntr_path)?;
            names.insert(name);
        }
        let mut files = BTreeSet::new();
        for entry in fs::read_dir(&folder)? {
            files.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join("\n");
        check_eq!(list(&files), list(&names), "the files in the folder that all have written to");
        Ok(())
    }
}

/// Lets containers write to a folder where `SELinux` is on.
fn label(folder: &str, context: &str) -> Outcome {
    let done = std::process::Command::new("chcon").args(["-R", "-t", context, folder]).output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Failure::new(Verdict::Error, format!("cannot label {folder} with `selinux_context` ({context}): {said}")))
}
