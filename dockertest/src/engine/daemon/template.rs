//! The data folder of an engine that was stopped, laid into a new engine's: its images are there at once, and what
//! becomes of them changes nothing in the template.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use nix::mount::MsFlags;

use super::room::{attach, escaped, succeed};

/// Where Docker keeps the layers of images, each in a folder of its own.
const LAYERS: &str = "overlay2";
/// Where other engines do. Podman makes a mount of this folder at each command and takes it away afterwards, which would hide
/// all that is mounted below it, or take it away, too; and `containerd`, which some versions of Docker leave all images to,
/// cannot move away what is a mount before it removes it. So these are copied as they are.
const WHOLE: [&str; 2] = ["storage/overlay", "containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots"];
/// Short links to the layers, in the folder of the layers.
const LINKS: &str = "l";

/// Copies all but Docker's layers, upon each of which an overlay is laid: it takes the same time whatever their size. `place`
/// is no overlay, and neither is `scratch`.
pub(super) fn lay(template: &Path, place: &Path, scratch: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot lay the images of {}: {error}", template.display());
    let scratch = std::env::current_dir().map_err(failed)?.join(scratch).join("layers");
    fs::create_dir_all(&scratch).map_err(failed)?;
    let laying = Laying { template, place, scratch: &scratch };
    laying.folder(Path::new("")).map_err(failed)
}

/// From where to where.
struct Laying<'a> {
    template: &'a Path,
    place: &'a Path,
    scratch: &'a Path,
}

impl Laying<'_> {
    /// What is in a folder of the template.
    fn folder(&self, below: &Path) -> io::Result<()> {
        let is_layers = below == Path::new(LAYERS);
        for entry in fs::read_dir(self.template.join(below))? {
            let entry = entry?;
            let (name, path) = (entry.file_name(), below.join(entry.file_name()));
            let (source, target) = (entry.path(), self.place.join(&path));
            if is_layers && entry.file_type()?.is_dir() && name != LINKS {
                make_like(&source, &target)?;
                overlay(&source, &target, &self.scratch.join(name))?;
            } else if WHOLE.iter().any(|whole| path == Path::new(whole)) {
                // With owners, attributes and hard links: they are what is in containers.
                succeed("cp", &source, &["-a".as_ref(), source.as_os_str(), target.as_os_str()])
                    .map_err(io::Error::other)?;
            } else {
                self.entry(&path)?;
            }
        }
        Ok(())
    }

    /// Copies what is there. Sockets and pipes of an engine that has ended are of no use.
    fn entry(&self, path: &Path) -> io::Result<()> {
        let (source, target) = (self.template.join(path), self.place.join(path));
        let kind = fs::symlink_metadata(&source)?.file_type();
        if kind.is_dir() {
            make_like(&source, &target)?;
            self.folder(path)
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, target)
        } else if kind.is_file() {
            fs::copy(source, target).map(drop)
        } else {
            Ok(())
        }
    }
}

fn overlay(layer: &Path, place: &Path, scratch: &Path) -> io::Result<()> {
    let (upper, work) = (scratch.join("u"), scratch.join("w"));
    fs::create_dir(scratch)?;
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
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn what_is_copied_keeps_links_and_permissions() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (image, links) = (from.path().join("image/deep"), from.path().join("overlay2/l"));
        for folder in [&image, &links] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::set_permissions(&image, fs::Permissions::from_mode(0o710)).unwrap();
        fs::write(image.join("db"), "x").unwrap();
        symlink("../there", from.path().join("link")).unwrap();
        symlink("../b5f6/diff", links.join("UGTU")).unwrap();
        let layer = from.path().join("storage/overlay/1/diff");
        fs::create_dir_all(&layer).unwrap();
        fs::write(layer.join("one"), "").unwrap();
        fs::hard_link(layer.join("one"), layer.join("two")).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        lay(from.path(), to.path(), scratch.path()).unwrap();
        assert_eq!(fs::read_to_string(to.path().join("image/deep/db")).unwrap(), "x");
        assert_eq!(fs::metadata(to.path().join("image/deep")).unwrap().permissions().mode() & 0o7777, 0o710);
        assert_eq!(fs::read_link(to.path().join("link")).unwrap(), Path::new("../there"));
        assert_eq!(fs::read_link(to.path().join("overlay2/l/UGTU")).unwrap(), Path::new("../b5f6/diff"));
        let [one, two] = ["one", "two"].map(|name| to.path().join("storage/overlay/1/diff").join(name));
        assert_eq!(fs::metadata(one).unwrap().ino(), fs::metadata(two).unwrap().ino());
    }
}
