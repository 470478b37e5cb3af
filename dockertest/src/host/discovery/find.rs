//! Which files are plug-ins.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{NoPlugin, Place, is_library};
use crate::host::HostProgram;

/// Who may execute a file: its owner, its group or anybody.
const EXECUTABLE: u32 = 0o111;

pub(super) fn find(loader: &HostProgram, places: &[Place]) -> Result<Vec<HostProgram>, NoPlugin> {
    let mut found = Found { loader, seen: HashSet::new(), programs: Vec::new() };
    for place in places {
        match (found.place(&place.path), &place.giver) {
            (Err(source), Some(giver)) => {
                return Err(NoPlugin { path: place.path.clone(), giver: giver.clone(), source });
            }
            // Nobody asked for it: after `su` or `sudo`, `HOME` may be another user's, whose folder is closed.
            (Err(source), None) if !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                return Err(NoPlugin { path: place.path.clone(), giver: "the folder of plug-ins".to_owned(), source });
            }
            _ => {}
        }
    }
    Ok(found.programs)
}

struct Found<'a> {
    loader: &'a HostProgram,
    /// By device and inode.
    seen: HashSet<(u64, u64)>,
    programs: Vec<HostProgram>,
}

impl Found<'_> {
    fn place(&mut self, path: &Path) -> io::Result<()> {
        // The host is started in another folder than this one.
        let path = std::path::absolute(path)?;
        let metadata = fs::metadata(&path)?;
        if metadata.is_dir() {
            self.folder(&path)
        } else if !self.file(&path, &metadata) {
            Err(io::Error::other(why_none(&metadata)))
        } else {
            Ok(())
        }
    }

    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths.iter().filter(|path| !is_put_aside(path)) {
            // One that is gone meanwhile, or a link to nowhere, is no plug-in.
            if let Ok(metadata) = fs::metadata(path) {
                self.file(path, &metadata);
            }
        }
        Ok(())
    }

    /// Takes a file, if it is a plug-in.
    fn file(&mut self, path: &Path, metadata: &Metadata) -> bool {
        let is_executable = metadata.permissions().mode() & EXECUTABLE != 0;
        if !metadata.is_file() || !(is_library(path) || is_executable) {
            return false;
        }
        if self.seen.insert((metadata.dev(), metadata.ino())) {
            self.programs.push(match is_library(path) {
                true => HostProgram::plugin(self.loader, path),
                false => HostProgram::new(path),
            });
        }
        true
    }
}

/// Hidden files, and what editors leave beside a file.
fn is_put_aside(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name.ends_with('~')
}

fn why_none(metadata: &Metadata) -> &'static str {
    if metadata.is_file() {
        "is neither a library (`.so`) nor executable; if it is a program, `chmod +x` makes it one"
    } else {
        "is neither a file nor a folder"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(places: &[(&Path, bool)]) -> Result<Vec<String>, String> {
        let place = |(path, named): &(&Path, bool)| Place {
            path: path.to_path_buf(),
            giver: named.then(|| "--plugin".to_owned()),
        };
        let places: Vec<Place> = places.iter().map(place).collect();
        let name = |program: &HostProgram| program.shown().file_name().unwrap().to_string_lossy().into_owned();
        let programs = find(&HostProgram::new("loader"), &places).map_err(|failure| failure.to_string())?;
        Ok(programs.iter().map(name).collect())
    }

    fn executable(path: &Path) {
        fs::write(path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_folder_has_libraries_and_executables_and_much_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["b.so", "notes.txt", "c.so~", ".d.so", "disk_quota.ini"] {
            fs::write(path(name), "").unwrap();
        }
        executable(&path("a.py"));
        executable(&path(".hidden"));
        fs::create_dir(path("folder.so")).unwrap();
        std::os::unix::fs::symlink("nowhere", path("gone.so")).unwrap();
        std::os::unix::fs::symlink("b.so", path("z.so")).unwrap();
        assert_eq!(found(&[(folder.path(), true)]).unwrap(), ["a.py", "b.so"]);
        // The same files again, by other paths.
        fs::hard_link(path("a.py"), path("e")).unwrap();
        assert_eq!(found(&[(&path("z.so"), true), (folder.path(), false)]).unwrap(), ["z.so", "a.py"]);
    }

    #[test]
    fn what_is_named_must_be_a_plug_in() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("notes.txt");
        fs::write(&text, "").unwrap();
        let failure = found(&[(&text, true)]).unwrap_err();
        assert!(failure.contains("notes.txt` (--plugin): is neither a library"), "{failure}");
        let failure = found(&[(Path::new("/dev/null"), true)]).unwrap_err();
        assert_eq!(failure, "the plug-in `/dev/null` (--plugin): is neither a file nor a folder");
        assert_eq!(found(&[(&folder.path().join("missing"), false)]).unwrap(), Vec::<String>::new());
    }
}
