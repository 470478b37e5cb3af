//! `docker run --volume`: folders of the host are read and written by containers.
//!
//! What a container reads in a folder of the host is what is there, and what it writes is there afterwards. The engine's
//! API must know each mount as it was asked for, and what the client prints must be what the container wrote.
//!
//! | sub-subtest | what it does |
//! | --- | --- |
//! | `volumes_rw` | for each pair of `host_paths` and `cntr_paths`: a container reads a file in a folder of its own below the host's path and writes its MD5 sum into another file there |
//! | `volumes_one_source` | several containers write to one folder at the same time; each prints the sum of what it wrote |
//! | `read_only` | a container reads a folder that is mounted read-only and fails to write there; a place that is no absolute path is refused |
//! | `oci_umount` | the hook `oci-umount` hides from containers what `/etc/oci-umount.conf` lists |
//! | `oci_umount_bz1472121` | with that hook, a volume of the engine's own folder for the device mapper does no harm |
//! | `file_volume` | a file or folder of the host is looked at by a program in the container; not run unless it is asked for |
//!
//! # Options
//! `host_paths` are folders of the host, often mount points of NFS, SMB or other remote file systems. Without any, the
//! test takes folders of its own, one for each of `cntr_paths`, so that it says something on every machine. With
//! `require_mount = yes` each path must be a mount point.
//!
//! `run_template`, `cmd_template` and `exec_command` are split into words as a shell would do it, then their keys are
//! replaced: `%%(host_path)s` or `${host_path}`.
//!
//! | key | what stands for it |
//! | --- | --- |
//! | `cidfile` | a file for the container's id |
//! | `host_path` | the folder below the host's path that the test made for itself; in `file_volume` the path itself |
//! | `cntr_path` | where it is in the container |
//! | `read_fn`, `write_fn` | names of the file that is there, and of the file to be written |
//! | `read_data`, `read_hash` | what is in the former, and its MD5 sum |
//! | `name`, `write_path` | in `volumes_one_source`: the container's name, and the file that it is to write |
//!
//! # What it needs
//! The hook of `oci_umount` belongs to docker 1.12 and 1.13 of one distribution: without `/etc/oci-umount.conf` these
//! sub-subtests do not apply.

mod file_volume;
mod one_source;
mod read_only;
mod rw;
mod template;
mod umount;

use std::process::Stdio;

use dockertest::engine::Container;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

use file_volume::FileVolume;
use one_source::OneSource;
use read_only::ReadOnly;
use rw::ReadWrite;
use umount::{Bug1472121, Umount};

/// The options of `[docker_cli/run_volumes]`.
#[derive(Deserialize)]
struct Options {
    pretest_cmd: String,
}

/// Runs containers with folders of the host.
#[derive(Default)]
struct RunVolumes;

impl Subtest for RunVolumes {
    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        if options.pretest_cmd.is_empty() {
            return Ok(());
        }
        ctx.info(format!("prepares the host: {}", options.pretest_cmd));
        let mut shell = std::process::Command::new("/bin/sh");
        let done = shell.arg("-c").arg(&options.pretest_cmd).stdin(Stdio::null()).output()?;
        if !done.status.success() {
            let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
            let reason = format!("`pretest_cmd` ({}) ended with {}: {said}", options.pretest_cmd, done.status);
            return Err(Failure::new(Verdict::Error, reason));
        }
        Ok(())
    }
}

/// The container has ended with status 0, has this folder mounted, and wrote what the client printed.
fn is_right(seen: &Completed, container: &Container, source: &str, target: &str) -> Outcome {
    let state = container.state()?;
    seen.check(state.running == Some(false), "the container has ended")?;
    seen.check_eq(state.exit_code.unwrap_or(-1), 0, "the container's exit status")?;
    has_mount(seen, container, source, target)?;
    let written = container.logs()?;
    seen.check_eq(seen.stdout_text(), written.stdout_text(), "what the client printed of the container's output")?;
    seen.check_eq(seen.said().join("\n"), written.stderr_text().trim_end(), "what the client printed on standard error")
}

/// A mount of this folder of the host is all that is mounted, and it can be written to.
fn has_mount(seen: &Completed, container: &Container, source: &str, target: &str) -> Outcome {
    let mounts = container.inspect()?.mounts.unwrap_or_default();
    let describe = |kind: &str, source: &str, target: &str, rw| {
        format!("{kind} {source} at {target}{}", if rw == Some(true) { ", writable" } else { "" })
    };
    let found = mounts.iter().map(|mount| {
        let kind = mount.typ.as_ref().map(ToString::to_string).unwrap_or_default();
        let [source, target] = [&mount.source, &mount.destination].map(|path| path.as_deref().unwrap_or_default());
        describe(&kind, source, target, mount.rw)
    });
    let found = found.collect::<Vec<_>>().join("\n");
    seen.check_eq(found, describe("bind", source, target, Some(true)), "what is mounted in the container")
}

dockertest::subtest!(
    RunVolumes,
    "Containers read and write folders of the host.",
    sequential {
        volumes_rw: ReadWrite,
        volumes_one_source: OneSource,
        read_only: ReadOnly,
        oci_umount: Umount,
        oci_umount_bz1472121: Bug1472121,
        file_volume: FileVolume,
    }
);
