//! The engine under test: what is shown is what its API says, and what the machine says where the engine lives.

use std::fs;
use std::process;

use dockertest::engine::Place;
use dockertest::prelude::*;

use super::counts;
use super::shown::{Shown, text_of};
use super::{Info, podman};

#[derive(Default)]
pub(super) struct Userspace;

impl SubSubtest<Info> for Userspace {
    fn initialize(&mut self, _info: &mut Info, ctx: &mut Context) -> Outcome {
        // Podman is no daemon with namespaces of its own that would have to be looked into.
        match ctx.engine().is_some_and(|engine| engine.flavor == "podman") {
            true => Ok(()),
            false => ctx.require(Requirement::Root),
        }
    }

    fn run_once(&mut self, _info: &mut Info, ctx: &mut Context) -> Outcome {
        populate(ctx)?;
        if ctx.engine().is_some_and(|engine| engine.flavor == "podman") {
            return podman::check(ctx);
        }
        let api = ctx.api()?;
        let docker = |words: &[&str]| ctx.docker(words.iter().copied());
        let (shown, counts) = counts::at_rest(&api, &docker)?;
        let engine = api.system()?;
        shown.agrees_with(&engine)?;
        shown.text.check_eq(shown.line("Debug Mode")?, text_of(&engine["Debug"]), "`Debug Mode` in the text")?;
        machine(&shown, &Place::of_address(api.address())?)?;
        device_mapper(&shown)?;
        match counts {
            Some(counts) => counts.check(&shown),
            None => Err(Attention::because(
                "the counts could not be compared: somebody else made or removed something each time they were asked for",
            )
            .into()),
        }
    }
}

/// One container in each state that is counted, so that no count is right by being zero.
fn populate(ctx: &mut Context) -> Outcome {
    ctx.container().start()?;
    let paused = ctx.container().start()?;
    ctx.api()?.pause(paused.id())?;
    for _ in 0..3 {
        ctx.container().create()?;
    }
    let ended = ctx.container().command(["true"]).start()?;
    ended.wait_exit(std::time::Duration::from_secs(60))?;
    Ok(())
}

/// What the kernel and the files say where the daemon lives.
fn machine(shown: &Shown, place: &Place) -> Outcome {
    let same = |path: &str, expected: &str| {
        shown.text.check_eq(shown.line(path)?, expected, format!("`{path}`, compared with the machine"))
    };
    same("Kernel Version", fs::read_to_string("/proc/sys/kernel/osrelease")?.trim())?;
    same("Architecture", &output_of("uname", &["-m"])?)?;
    same("CPUs", &cpus_of(place.pid())?.to_string())?;
    let memory = memory_bytes()?;
    same("Total Memory", &super::shown::binary_size(memory))?;
    shown.json.check_eq(&shown.data["MemTotal"], memory, "`MemTotal` in the data, compared with /proc/meminfo")?;
    let pid = place.pid().to_string();
    same("Name", &output_of("nsenter", &["--target", &pid, "--uts", "uname", "-n"])?)?;
    let system = operating_system(place)?;
    let seen = shown.line("Operating System")?;
    let is_same = seen == system || seen.strip_suffix(" (containerized)") == Some(&system);
    shown.text.check(is_same, format!("`Operating System` is `{system}`, as /etc/os-release says"))?;
    let version = if output_of("stat", &["-f", "-c", "%T", &path_text(place, "/sys/fs/cgroup")])? == "cgroup2fs" {
        "2"
    } else {
        "1"
    };
    same("Cgroup Version", version)?;
    storage(shown, place)
}

/// The folder with the data is there, and on the file system that is named.
fn storage(shown: &Shown, place: &Place) -> Outcome {
    let root = shown.line("Docker Root Dir")?;
    let folder = place.path(root);
    shown
        .text
        .check(folder.is_dir(), format!("`Docker Root Dir` is a folder where the engine lives, seen `{root}`"))?;
    let driver = shown.line("Storage Driver")?;
    if matches!(driver, "overlay2" | "vfs" | "btrfs" | "zfs" | "fuse-overlayfs" | "aufs" | "overlay") {
        let of_driver = folder.join(driver);
        shown.text.check(of_driver.is_dir(), format!("the storage driver `{driver}` has its folder in `{root}`"))?;
    }
    if driver != "overlay2" {
        return Ok(());
    }
    let found = output_of("stat", &["-f", "-c", "%T", &folder.display().to_string()])?;
    let names: &[&str] = match found.as_str() {
        "ext2/ext3" | "ext4" => &["extfs"],
        "overlayfs" | "overlay" => &["overlayfs"],
        other => &[other],
    };
    let seen = shown.line("Storage Driver/Backing Filesystem")?;
    let promise =
        format!("`Backing Filesystem` is the file system of `{root}`, which `stat` calls {found}; seen `{seen}`");
    shown.text.check(names.contains(&seen), promise)
}

/// With this driver the pool that is named must be there.
fn device_mapper(shown: &Shown) -> Outcome {
    if shown.line("Storage Driver")? != "devicemapper" {
        return Ok(());
    }
    let pools = output_of("dmsetup", &["ls"])?;
    let pool = shown.line("Storage Driver/Pool Name")?;
    let is_there = pools.lines().any(|line| line.split_whitespace().next() == Some(pool));
    shown.text.check(is_there, format!("the pool `{pool}` is one that `dmsetup ls` shows"))
}

fn path_text(place: &Place, path: &str) -> String {
    place.path(path).display().to_string()
}

/// What a program of this machine prints, without the white space around it.
pub(super) fn output_of(program: &str, arguments: &[&str]) -> Outcome<String> {
    let done = process::Command::new(program).args(arguments).output().map_err(|error| {
        Failure::from(error).context(format!("cannot run `{program}`, with whose output the engine's is compared"))
    })?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        let reason = format!("`{program} {}` failed: {said}", arguments.join(" "));
        return Err(Failure::new(dockertest::verdict::Verdict::Error, reason));
    }
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// How many processors a process may use.
fn cpus_of(pid: i32) -> Outcome<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let mask = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed:")).unwrap_or_default();
    Ok(mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum())
}

pub(super) fn memory_bytes() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes * 1024)
}

fn operating_system(place: &Place) -> Outcome<String> {
    let text =
        ["/etc/os-release", "/usr/lib/os-release"].iter().find_map(|path| fs::read_to_string(place.path(path)).ok());
    let text = text.unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux");
    Ok(name.trim_matches(['"', '\'']).to_owned())
}
