//! An image from nothing: what this subtest was when it was new.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command as Program;

use dockertest::engine::Object;
use dockertest::engine::fixtures::static_program;
use dockertest::prelude::*;
use std::time::Duration;
use tar::{EntryType, Header};

use super::content::file_name;
use super::order::{Before, Order, replace_from};
use super::transcript::Builder;
use super::{Build, Options};

/// What a container may need to say a word.
const LIMIT: Duration = Duration::from_secs(60);

/// Folders of the skeleton.
const FOLDERS: [&str; 11] = ["dev", "etc", "proc", "root", "run", "sys", "tmp", "usr", "usr/bin", "var", "var/tmp"];

/// Links of the skeleton: where, to what.
const LINKS: [(&str, &str); 4] =
    [("bin", "usr/bin"), ("sbin", "usr/bin"), ("var/run", "../run"), ("var/lock", "../run")];

/// Device nodes: where, their numbers.
const DEVICES: [(&str, u32, u32); 4] =
    [("dev/null", 1, 3), ("dev/zero", 1, 5), ("dev/random", 1, 8), ("dev/urandom", 1, 9)];

/// The plain form of the subtest.
#[derive(Default)]
pub(super) struct Basic;

impl SubSubtest<Build> for Basic {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let base = import_nothing(ctx)?;
        let place = options.dockerfile_dir_path.trim_start_matches('/').to_owned();
        let order = Order::of_context(ctx, Options { use_config_repo: false, ..options.clone() }, &place)?;
        let folder = Path::new(&order.context);
        for name in &options.source_files {
            provide(folder, name)?;
        }
        let busybox = provide_busybox(ctx, folder, &options.busybox_url)?;
        replace_from(&folder.join("Dockerfile"), &base)?;
        let before = Before::note(ctx)?;
        let built = order.build(build, ctx)?;
        let more = before.more(ctx, &base, &[&built.seen])?;
        let seen = built.seen.clone().must_pass()?;
        built.must_announce_steps(built.instructions.len())?;
        built.must_have_left(&more, 0, 1)?;
        seen.check(built.image.is_some(), format!("there is an image {}", built.name))?;
        let container = ctx.container().image(&built.name).command(["/bin/sh", "-c", "echo built"]).start()?;
        let status = container.wait_exit(LIMIT)?;
        seen.check_eq(container.logs()?.stdout_text(), "built\n", "what a shell of the image says")?;
        seen.check_eq(status, 0, "its status")?;
        let copied = container.file("/usr/bin/busybox")?;
        seen.check(copied.is_some(), "there is a busybox in the image")?;
        seen.check(copied == Some(busybox), "busybox in the image is the one of the context")?;
        if build.builder != Builder::Podman {
            must_be_devices(ctx, container.id(), &seen)?;
        }
        Ok(())
    }
}

/// Imports an empty archive, which becomes an image without a file.
fn import_nothing(ctx: &mut Context) -> Outcome<String> {
    let name = format!("{}:base", ctx.image_name("empty_base_image"));
    let nothing = tar::Builder::new(Vec::new()).into_inner()?;
    let seen = ctx.docker(["import", "-", &name]).stdin(nothing).must_pass()?;
    ctx.own(Object::Image(name.clone()));
    seen.check(ctx.api()?.image(&name)?.is_some(), format!("there is an image {name}"))?;
    Ok(name)
}

/// Sees to it that a file is in the context: it comes with the subtest or is made here.
fn provide(folder: &Path, name: &str) -> Outcome {
    let path = folder.join(file_name(name));
    let archive = match file_name(name) {
        "basic_tree.tar" => skeleton()?,
        "basic_devices.tar" => devices()?,
        _ if path.exists() => return Ok(()),
        _ => {
            return Ok(fs::copy(name, &path).map(drop).map_err(|error| {
                io::Error::new(error.kind(), format!("`{name}` of the option `source_files` cannot be copied: {error}"))
            })?);
        }
    };
    Ok(fs::write(path, archive)?)
}

fn skeleton() -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for folder in FOLDERS {
        let mode = if folder.ends_with("tmp") { 0o1777 } else { 0o755 };
        archive.append_data(&mut header(EntryType::Directory, mode), format!("{folder}/"), io::empty())?;
    }
    for (path, target) in LINKS {
        archive.append_link(&mut header(EntryType::Symlink, 0o777), path, target)?;
    }
    archive.into_inner()
}

fn devices() -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, major, minor) in DEVICES {
        let mut header = header(EntryType::Char, 0o666);
        header.set_device_major(major)?;
        header.set_device_minor(minor)?;
        archive.append_data(&mut header, path, io::empty())?;
    }
    archive.into_inner()
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// Puts the static busybox of this machine, or the one of an address, into the context.
fn provide_busybox(ctx: &Context, folder: &Path, url: &str) -> Outcome<Vec<u8>> {
    let target = folder.join("busybox");
    if url.is_empty() {
        fs::copy(static_program(&["busybox"], "busybox-static")?, &target)?;
    } else {
        let fetched = [("curl", ["-fsSL", "-o"]), ("wget", ["-q", "-O"]), ("busybox", ["wget", "-O"])].iter().any(
            |(program, words)| {
                let status = Program::new(program).args(*words).arg(&target).arg(url).status();
                status.is_ok_and(|status| status.success())
            },
        );
        if !fetched {
            return Err(io::Error::other(format!("cannot fetch `{url}` (option `busybox_url`)")).into());
        }
        ctx.info(format!("busybox is from {url}"));
    }
    fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
    Ok(fs::read(target)?)
}

/// The nodes of the archive are nodes in the image.
fn must_be_devices(ctx: &Context, id: &str, seen: &Completed) -> Outcome {
    for (path, major, minor) in DEVICES {
        let archive = ctx.api()?.get_archive(id, &format!("/{path}"))?;
        let mut archive = tar::Archive::new(archive.as_slice());
        let Some(entry) = archive.entries()?.next() else {
            return seen.check(false, format!("the image has /{path}"));
        };
        let entry = entry?;
        let header = entry.header();
        let numbers = (header.device_major()?.unwrap_or_default(), header.device_minor()?.unwrap_or_default());
        seen.check(
            header.entry_type() == EntryType::Char && numbers == (major, minor),
            format!("/{path} is the device {major}, {minor}, not {:?} {numbers:?}", header.entry_type()),
        )?;
    }
    Ok(())
}
