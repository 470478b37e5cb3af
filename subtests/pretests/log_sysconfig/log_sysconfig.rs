//! Saves the configuration of the engine, as the machine has it, in `sysinfo/sysconfig.tar.gz`.
//!
//! Which files and folders that are is the option `sysconfig_paths`; what is not there is passed over, and the archive may be
//! empty. Files whose names say that they hold keys or passwords are left out (`sysconfig_exclude`), and so are the user
//! and the password in every address (`://user:password@host`).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command as Program;

use dockertest::config::types;
use dockertest::prelude::*;
use serde::Deserialize;

/// The options of the section `[log_sysconfig]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::list")]
    sysconfig_paths: Vec<String>,
    #[serde(with = "types::list")]
    sysconfig_exclude: Vec<String>,
}

/// Configuration is short.
const MAX_BYTES: u64 = 1 << 20;

#[derive(Default)]
struct LogSysconfig;

impl Subtest for LogSysconfig {
    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let copy = ctx.tmp().join("sysconfig");
        fs::create_dir_all(&copy)?;
        for path in options.sysconfig_paths.iter().flat_map(|path| matching(Path::new(path))) {
            copy_tree(ctx, &path, &copy, &options.sysconfig_exclude)?;
        }
        let sysinfo = ctx.history().results.join("sysinfo");
        fs::create_dir_all(&sysinfo)?;
        let archive = sysinfo.join("sysconfig.tar.gz");
        let mut tar = Program::new("tar");
        tar.arg("--create").arg("--gzip").arg("--file").arg(&archive).arg("--directory").arg(&copy).arg(".");
        let output = tar.output()?;
        if !output.status.success() {
            let problem = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(io::Error::other(format!("tar cannot write {}: {problem}", archive.display())).into());
        }
        Ok(())
    }
}

/// The paths that are meant: a star at the end stands for any end.
fn matching(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some((begin, folder)) = name.strip_suffix('*').zip(path.parent()) else { return vec![path.to_owned()] };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(begin));
    names.map(|entry| entry.path()).collect()
}

/// Copies a file or a folder into `target`, under its whole path. What cannot be read is mentioned.
fn copy_tree(ctx: &Context, path: &Path, target: &Path, exclude: &[String]) -> Outcome {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    if exclude.iter().any(|part| name.contains(&part.to_lowercase())) {
        ctx.debug(format!("{} is left out: it may hold secrets", path.display()));
        return Ok(());
    }
    let Ok(data) = fs::metadata(path) else { return Ok(()) };
    if data.is_dir() {
        // A link to a folder may lead back.
        if fs::symlink_metadata(path)?.is_symlink() {
            return Ok(());
        }
        match fs::read_dir(path) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    copy_tree(ctx, &entry.path(), target, exclude)?;
                }
            }
            Err(error) => ctx.debug(format!("{} cannot be read: {error}", path.display())),
        }
        return Ok(());
    }
    if !data.is_file() || data.len() > MAX_BYTES {
        return Ok(());
    }
    match fs::read(path) {
        Ok(content) => {
            let copy = target.join(path.strip_prefix("/").unwrap_or(path));
            fs::create_dir_all(copy.parent().unwrap_or(target))?;
            fs::write(copy, without_passwords(&String::from_utf8_lossy(&content)))?;
        }
        Err(error) => ctx.debug(format!("{} cannot be read: {error}", path.display())),
    }
    Ok(())
}

/// The text without the users and passwords of addresses.
fn without_passwords(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        clean.push_str(before);
        clean.push_str("://");
        let end = after.find(|c: char| c.is_whitespace() || "/\"'".contains(c)).unwrap_or(after.len());
        let (host, further) = after.split_at(end);
        clean.push_str(&host.rsplit_once('@').map_or(host.to_owned(), |(_, host)| format!("***@{host}")));
        rest = further;
    }
    clean.push_str(rest);
    clean
}

dockertest::subtest!(LogSysconfig, "Saves the engine's configuration files; needs no engine.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_addresses_are_left_out() {
        let text = "a=http://u:p@proxy:3128/ b='https://host/x@y' c=\"socks://x@z\"\n";
        assert_eq!(without_passwords(text), "a=http://***@proxy:3128/ b='https://host/x@y' c=\"socks://***@z\"\n");
        assert_eq!(without_passwords("nothing"), "nothing");
    }

    #[test]
    fn a_star_stands_for_any_end() {
        let found = matching(Path::new("/etc/passw*"));
        assert!(found.contains(&PathBuf::from("/etc/passwd")), "{found:?}");
        assert_eq!(matching(Path::new("/no/such*")), Vec::<PathBuf>::new());
    }
}
