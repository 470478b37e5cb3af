//! What files and folders are, to be compared in whole.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tar::{Archive, Builder, EntryType, Header};

use crate::md5sum::md5sum;

/// A file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// Its permissions and its content.
    File(u32, Vec<u8>),
    /// Its permissions.
    Folder(u32),
    /// Where it leads.
    Link(String),
}

impl Item {
    pub(super) fn file(mode: u32, content: &str) -> Item {
        Item::File(mode, content.as_bytes().to_vec())
    }
}

/// Files and folders by their paths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tree(BTreeMap<String, Item>);

impl Tree {
    pub(super) fn new<const N: usize>(items: [(&str, Item); N]) -> Tree {
        Tree(items.map(|(path, item)| (path.to_owned(), item)).into())
    }

    /// All that is below a folder of this machine.
    pub(super) fn of_folder(folder: &Path) -> io::Result<Tree> {
        let mut tree = Tree::default();
        tree.add_folder(folder, "")?;
        Ok(tree)
    }

    fn add_folder(&mut self, folder: &Path, above: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{above}{}", entry.file_name().to_string_lossy());
            let metadata = entry.metadata()?;
            let mode = metadata.permissions().mode() & 0o7777;
            let item = if metadata.is_symlink() {
                Item::Link(fs::read_link(entry.path())?.to_string_lossy().into_owned())
            } else if metadata.is_dir() {
                self.add_folder(&entry.path(), &format!("{path}/"))?;
                Item::Folder(mode)
            } else {
                Item::File(mode, fs::read(entry.path())?)
            };
            self.0.insert(path, item);
        }
        Ok(())
    }

    /// All that is in an archive, which is one only and has everything once.
    pub(super) fn of_archive(bytes: &[u8]) -> io::Result<Tree> {
        let mut tree = Tree::default();
        let mut archive = Archive::new(bytes);
        archive.set_ignore_zeros(true);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.to_string_lossy().trim_end_matches('/').to_owned();
            let mode = entry.header().mode()? & 0o7777;
            let item = match entry.header().entry_type() {
                EntryType::Directory => Item::Folder(mode),
                EntryType::Symlink => Item::Link(entry.link_name()?.unwrap_or_default().to_string_lossy().into_owned()),
                _ => {
                    let mut content = Vec::new();
                    entry.read_to_end(&mut content)?;
                    Item::File(mode, content)
                }
            };
            if tree.0.insert(path.clone(), item).is_some() {
                return Err(io::Error::other(format!("{path} is in the archive twice")));
            }
        }
        Ok(tree)
    }

    /// The same below a folder, with the folder.
    pub(super) fn below(&self, folder: &str, mode: u32) -> Tree {
        let mut tree: BTreeMap<_, _> =
            self.0.iter().map(|(path, item)| (format!("{folder}/{path}"), item.clone())).collect();
        tree.insert(folder.to_owned(), Item::Folder(mode));
        Tree(tree)
    }

    /// As an archive, all of it owned by root.
    pub(super) fn archive(&self) -> io::Result<Vec<u8>> {
        let mut archive = Builder::new(Vec::new());
        for (path, item) in &self.0 {
            let mut header = Header::new_gnu();
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(1_767_225_600);
            header.set_size(0);
            match item {
                Item::Folder(mode) => {
                    header.set_entry_type(EntryType::Directory);
                    header.set_mode(*mode);
                    archive.append_data(&mut header, format!("{path}/"), io::empty())?;
                }
                Item::Link(target) => {
                    header.set_entry_type(EntryType::Symlink);
                    header.set_mode(0o777);
                    archive.append_link(&mut header, path, target)?;
                }
                Item::File(mode, content) => {
                    header.set_entry_type(EntryType::Regular);
                    header.set_mode(*mode);
                    header.set_size(content.len() as u64);
                    archive.append_data(&mut header, path, content.as_slice())?;
                }
            }
        }
        archive.into_inner()
    }

    /// Makes it on this machine.
    pub(super) fn make(&self, folder: &Path) -> io::Result<()> {
        for (path, item) in &self.0 {
            let path = folder.join(path);
            match item {
                Item::Folder(mode) => {
                    fs::create_dir(&path)?;
                    fs::set_permissions(&path, fs::Permissions::from_mode(*mode))?;
                }
                Item::Link(target) => std::os::unix::fs::symlink(target, &path)?,
                Item::File(mode, content) => {
                    fs::write(&path, content)?;
                    fs::set_permissions(&path, fs::Permissions::from_mode(*mode))?;
                }
            }
        }
        Ok(())
    }
}

/// One line for each.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(path, item)| match item {
            Item::File(mode, content) => {
                writeln!(f, "{path}: file, mode {mode:04o}, {} bytes, MD5 {}", content.len(), md5sum(content))
            }
            Item::Folder(mode) => writeln!(f, "{path}: folder, mode {mode:04o}"),
            Item::Link(target) => writeln!(f, "{path}: link to {target}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_that_of_the_standard() {
        // RFC 1321, appendix A.5
        assert_eq!(md5sum(b"abc"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn an_archive_and_a_folder_hold_the_same() {
        let tree = Tree::new([
            ("a", Item::Folder(0o750)),
            ("a/b c", Item::file(0o600, "x")),
            ("a/link", Item::Link("b c".to_owned())),
        ]);
        let archive = tree.archive().unwrap();
        assert_eq!(Tree::of_archive(&archive).unwrap(), tree);
        assert!(Tree::of_archive(&[&archive[..], &archive[..]].concat()).is_err());
        let folder = tempfile::tempdir().unwrap();
        tree.make(folder.path()).unwrap();
        assert_eq!(Tree::of_folder(folder.path()).unwrap(), tree);
        let shown = "a: folder, mode 0750\na/b c: file, mode 0600, 1 bytes, MD5 9dd4e461268c8034f5c8564e155c67a6\na/link: link to b c\n";
        assert_eq!(tree.to_string(), shown);
    }
}
