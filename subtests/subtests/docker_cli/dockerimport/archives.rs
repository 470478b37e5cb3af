//! The archives that are imported.

use std::io;
use std::path::Path;
use std::process::Command as Program;

use dockertest::prelude::*;

use super::Options;

/// How much of the archive of a large file is left.
const HEAD_BYTES: usize = 1025;

/// What the large file would have.
const FILE_BYTES: usize = 1 << 20;

/// Options that a tar may have been built without.
const OPTIONAL: [&str; 3] = ["--acls", "--selinux", "--xattrs"];

/// The archive of a folder's content, made by the configured program; and what that says.
pub(super) fn of_folder(ctx: &Context, tar: &str, options: &str, folder: &Path) -> Outcome<(Vec<u8>, String)> {
    let words = shlex::split(options)
        .ok_or_else(|| io::Error::other(format!("the option `tar_options` has an open quote: `{options}`")))?;
    let run = |words: &[String]| {
        let done = Program::new(tar).args(words).current_dir(folder).output();
        done.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot run `{tar}` (option `tar_command`): {error}"))
        })
    };
    let mut output = run(&words)?;
    if !output.status.success() || String::from_utf8_lossy(&output.stderr).contains("support is not available") {
        ctx.debug(format!("{tar} does not know all options: {}", String::from_utf8_lossy(&output.stderr)));
        let known: Vec<String> = words.into_iter().filter(|word| !OPTIONAL.contains(&word.as_str())).collect();
        output = run(&known)?;
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() || output.stdout.is_empty() {
        return Err(io::Error::other(format!("`{tar} {options}` gives no archive: {said}")).into());
    }
    Ok((output.stdout, said))
}

/// The beginning of an archive with one file of a megabyte.
pub(super) fn head_of_a_large_file() -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(FILE_BYTES as u64);
    archive.append_data(&mut header, "large", vec![b'x'; FILE_BYTES].as_slice())?;
    let mut archive = archive.into_inner()?;
    archive.truncate(HEAD_BYTES);
    Ok(archive)
}

/// The archive of the configured folders, cut off.
pub(super) fn cut(ctx: &Context, options: &Options) -> Outcome<Vec<u8>> {
    let folder = ctx.tmp().join("included");
    std::fs::create_dir_all(&folder)?;
    let mut copy = Program::new("cp");
    let copied = copy
        .arg("--recursive")
        .arg("--preserve=mode")
        .arg("--parents")
        .args(&options.include_dirs)
        .arg(&folder)
        .output()?;
    if !copied.status.success() {
        let problem = String::from_utf8_lossy(&copied.stderr).trim().to_owned();
        return Err(io::Error::other(format!("the folders of `include_dirs` cannot be copied: {problem}")).into());
    }
    let (mut archive, _) = of_folder(ctx, &options.tar_command, &options.tar_options, &folder)?;
    let percent = usize::try_from(options.truncate_percent.min(99)).unwrap_or(50);
    // A cut between two blocks could be one between two files, which some programs take for an end.
    archive.truncate((archive.len() / 100 * percent) | 1);
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_an_archive_is_cut_within_its_file() {
        let head = head_of_a_large_file().unwrap();
        assert_eq!(head.len(), HEAD_BYTES);
        let mut archive = tar::Archive::new(head.as_slice());
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.header().size().unwrap(), FILE_BYTES as u64);
    }
}
