//! The data folder of an engine that was stopped, laid into a new engine's: its images are there at once, and what
//! becomes of them changes nothing in the template.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::mount::MsFlags;

use super::room::{attach, escaped};

/// The layers of images, each in a folder of its own.
const LAYERS: &str = "overlay2";
/// Short links to the layers, in the folder of the layers.
const LINKS: &str = "l";

/// Copies all but the layers, which are many and large; upon each of them an overlay is laid. `place` is on a file
/// system in memory, `scratch` is, too.
pub(super) fn lay(template: &Path, place: &Path, scratch: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot lay the images of {}: {error}", template.display());
    copy_below(template, place, &[LAYERS]).map_err(failed)?;
    let (layers, layers_place, scratch) = (template.join(LAYERS), place.join(LAYERS), scratch.join("layers"));
    if !layers.is_dir() {
        return Ok(());
    }
    make_like(&layers, &layers_place).map_err(failed)?;
    fs::create_dir_all(&scratch).map_err(failed)?;
    for entry in fs::read_dir(&layers).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (layer, at) = (entry.path(), layers_place.join(entry.file_name()));
        make_like(&layer, &at).map_err(failed)?;
        if entry.file_name() == LINKS {
            copy_below(&layer, &at, &[]).map_err(failed)?;
        } else {
            overlay(&layer, &at, &scratch.join(entry.file_name())).map_err(failed)?;
        }
    }
    Ok(())
}

fn overlay(layer: &Path, place: &Path, scratch: &Path) -> io::Result<()> {
    let base = std::env::current_dir()?.join(scratch);
    let (upper, work) = (base.join("u"), base.join("w"));
    fs::create_dir(&base)?;
    make_like(layer, &upper)?;
    fs::create_dir(&work)?;
    let mut options = b"lowerdir=".to_vec();
    options.extend(escaped(layer));
    options.extend(b",upperdir=");
    options.extend(escaped(&upper));
    options.extend(b",workdir=");
    options.extend(escaped(&work));
    let options = String::from_utf8(options).map_err(io::Error::other)?;
    attach(Some(Path::new("overlay")), place, Some("overlay"), MsFlags::empty(), Some(&options))
        .map_err(io::Error::other)
}

/// Copies what is in a folder, but not what is named. Sockets and pipes of an engine that has ended are of no use.
fn copy_below(from: &Path, to: &Path, without: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if without.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let (source, target, kind) = (entry.path(), to.join(entry.file_name()), entry.file_type()?);
        if kind.is_dir() {
            make_like(&source, &target)?;
            copy_below(&source, &target, &[])?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)?;
        } else if kind.is_file() {
            fs::copy(source, target)?;
        }
    }
    Ok(())
}

/// A folder with the permissions of another one.
fn make_like(other: &Path, folder: &Path) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mode = fs::metadata(other)?.permissions().mode();
    fs::set_permissions(folder, fs::Permissions::from_mode(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_keeps_links_and_permissions() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("image/deep")).unwrap();
        fs::set_permissions(from.path().join("image/deep"), fs::Permissions::from_mode(0o710)).unwrap();
        fs::write(from.path().join("image/deep/db"), "x").unwrap();
        fs::create_dir(from.path().join(LAYERS)).unwrap();
        symlink("../there", from.path().join("link")).unwrap();
        copy_below(from.path(), to.path(), &[LAYERS]).unwrap();
        assert_eq!(fs::read_to_string(to.path().join("image/deep/db")).unwrap(), "x");
        assert_eq!(fs::metadata(to.path().join("image/deep")).unwrap().permissions().mode() & 0o7777, 0o710);
        assert_eq!(fs::read_link(to.path().join("link")).unwrap(), Path::new("../there"));
        assert!(!to.path().join(LAYERS).exists());
    }
}
