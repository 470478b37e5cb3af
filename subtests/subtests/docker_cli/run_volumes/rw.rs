//! Folders of the host, one after the other.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dockertest::config::types;
use dockertest::engine::Container;
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

use super::template::{Keys, run};
use super::{RunVolumes, has_mount, is_right};
use crate::md5sum::md5sum;

/// The options of `[docker_cli/run_volumes/volumes_rw]`.
#[derive(Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    host_paths: Vec<String>,
    #[serde(with = "types::list")]
    cntr_paths: Vec<String>,
    #[serde(with = "types::list")]
    run_template: Vec<String>,
    cmd_template: String,
    #[serde(with = "types::seconds")]
    wait_stop: Duration,
    #[serde(with = "types::flag")]
    require_mount: bool,
}

/// Reads and writes a folder of the host in a container.
#[derive(Default)]
pub(super) struct ReadWrite {
    pairs: Vec<Pair>,
}

/// A folder of the host and its place in the container.
struct Pair {
    folder: PathBuf,
    target: String,
    read_fn: String,
    write_fn: String,
    data: String,
    cidfile: PathBuf,
    ran: Option<Ran>,
}

/// What became of a container.
struct Ran {
    name: String,
    is_detached: bool,
    /// What the client did, and until when.
    seen: Completed,
    returned: jiff::Timestamp,
}

impl SubSubtest<RunVolumes> for ReadWrite {
    fn initialize(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        for (place, (path, target)) in pairs(ctx, &options)?.into_iter().enumerate() {
            let folder = path.join(ctx.unique_name("rw"));
            ctx.keep(&format!("folder{place}"), &folder)?;
            fs::create_dir(&folder)?;
            // Who is root in the container may be somebody else here.
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
            let [read_fn, write_fn, data] = ["read", "write", "data"].map(|prefix| ctx.unique_name(prefix));
            fs::write(folder.join(&read_fn), &data)?;
            let cidfile = ctx.tmp().join(format!("cidfile{place}"));
            self.pairs.push(Pair { folder, target, read_fn, write_fn, data, cidfile, ran: None });
        }
        ctx.keep("folders", &self.pairs.len())
    }

    fn run_once(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        for pair in &mut self.pairs {
            let keys = pair.keys();
            let mut words = Vec::new();
            for option in &options.run_template {
                words.extend(keys.words("run_template", option)?);
            }
            let command = keys.words("cmd_template", &options.cmd_template)?;
            let name = ctx.container_name("rw");
            let words = run(ctx, &name, words, command)?;
            let given = words.iter().find_map(|word| word.strip_prefix("--name=")).unwrap_or(&name).to_owned();
            let is_detached = words.iter().any(|word| word == "-d" || word == "--detach" || word == "--detach=true");
            let seen = ctx.docker(words).must_pass()?;
            pair.ran = Some(Ran { name: given, is_detached, seen, returned: jiff::Timestamp::now() });
        }
        Ok(())
    }

    fn postprocess(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        for pair in &self.pairs {
            pair.check(ctx, options.wait_stop)?;
        }
        Ok(())
    }

    fn cleanup(&mut self, _parent: &mut RunVolumes, ctx: &mut Context) -> Outcome {
        // One more than are known: the process may have ended in between.
        let known = ctx.kept::<usize>("folders")?.unwrap_or(usize::MAX - 1);
        for place in 0..=known {
            let Some(folder) = ctx.kept::<PathBuf>(&format!("folder{place}"))? else { break };
            if folder.exists() {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(())
    }
}

impl Pair {
    fn keys(&self) -> Keys {
        let [folder, cidfile] = [&self.folder, &self.cidfile].map(|path| path.display().to_string());
        Keys::new([
            ("cidfile", &cidfile),
            ("host_path", &folder),
            ("cntr_path", &self.target),
            ("read_fn", &self.read_fn),
            ("write_fn", &self.write_fn),
            ("read_data", &self.data),
            ("read_hash", &md5sum(self.data.as_bytes())),
        ])
    }

    fn check(&self, ctx: &Context, limit: Duration) -> Outcome {
        let Some(Ran { name, is_detached, seen, returned }) = &self.ran else { return Ok(()) };
        let container = Container::find(ctx, name)?;
        let folder = self.folder.display().to_string();
        if *is_detached {
            seen.check_eq(seen.stdout_text().trim(), container.id(), "the id that is printed of a detached container")?;
            let status = container.wait_exit(limit)?;
            seen.check_eq(status, 0, "the container's exit status")?;
            has_mount(seen, &container, &folder, &self.target)?;
        } else {
            is_right(seen, &container, &folder, &self.target)?;
            let ended: Option<jiff::Timestamp> = container.state()?.finished_at.and_then(|time| time.parse().ok());
            seen.check(
                ended.is_some_and(|ended| ended <= *returned),
                "the container has ended when the client returns",
            )?;
        }
        if seen.command.contains(&*self.cidfile.display().to_string()) {
            let id = fs::read_to_string(&self.cidfile).unwrap_or_else(|error| error.to_string());
            seen.check_eq(id, container.id(), "what is in the file for the container's id")?;
        }
        let read = fs::read_to_string(self.folder.join(&self.read_fn)).unwrap_or_else(|error| error.to_string());
        seen.check_eq(read, &self.data, "what is in the file that the container has read")?;
        let written = fs::read_to_string(self.folder.join(&self.write_fn)).unwrap_or_else(|error| error.to_string());
        let first = written.split_whitespace().next().unwrap_or_default();
        seen.check_eq(first, md5sum(self.data.as_bytes()), "the sum that the container has written")?;
        seen.check_eq(written.lines().count(), 1, "the lines that the container has written")?;
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        seen.check_eq(names.join("\n"), [&*self.read_fn, &self.write_fn].join("\n"), "the files in the folder")
    }
}

/// The folders of the host and their places in the containers.
fn pairs(ctx: &Context, options: &Options) -> Outcome<Vec<(PathBuf, String)>> {
    let wrong = |text: String| Failure::new(Verdict::Error, text);
    if options.host_paths.is_empty() && options.require_mount {
        let reason = "needs file systems of the host (option `host_paths`), for `require_mount` is set";
        return Err(NotApplicable::because(reason).into());
    }
    let mut paths: Vec<PathBuf> = options.host_paths.iter().map(PathBuf::from).collect();
    if paths.is_empty() {
        paths = (0..options.cntr_paths.len()).map(|place| ctx.tmp().join(format!("host{place}"))).collect();
        ctx.info("`host_paths` is empty: folders of the test's own are used");
        for path in &paths {
            fs::create_dir(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(0o777))?;
        }
    }
    let (here, there) = (paths.len(), options.cntr_paths.len());
    if here != there || here == 0 {
        return Err(wrong(format!("`host_paths` has {here} paths and `cntr_paths` has {there}: both need the same")));
    }
    for path in &paths {
        if !path.is_dir() {
            return Err(wrong(format!("{} of `host_paths` is no folder", path.display())));
        }
        if options.require_mount && !is_mount_point(path)? {
            let path = path.display();
            return Err(wrong(format!("{path} of `host_paths` is no mount point, and `require_mount` is set")));
        }
    }
    Ok(paths.into_iter().zip(options.cntr_paths.iter().cloned()).collect())
}

/// Whether another file system begins there.
fn is_mount_point(path: &Path) -> Outcome<bool> {
    let (here, above) = (fs::metadata(path)?, fs::metadata(path.join(".."))?);
    Ok(here.dev() != above.dev() || here.ino() == above.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_known_by_its_device() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_mount_point(folder.path()).unwrap());
        assert!(is_mount_point(Path::new("/proc")).unwrap());
        assert!(is_mount_point(Path::new("/")).unwrap());
    }
}
