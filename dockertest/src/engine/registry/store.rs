//! The folder in which a registry keeps its images, written without asking the registry.
//!
//! Its layout is that of the distribution project's file-system storage (`registry/storage/paths.go`): content by its
//! digest below `blobs`, and links to it below `repositories`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::MadeImage;
use crate::engine::made_image::digest;

/// Where a registry keeps its images.
#[derive(Debug)]
pub(super) struct Store {
    root: PathBuf,
}

impl Store {
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        Store { root: folder }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.root
    }

    /// Puts an image there under a path and a tag. The tag comes last, so that it never names something unfinished.
    pub(super) fn put(&self, path: &str, tag: &str, image: &MadeImage) -> io::Result<()> {
        let repository = self.root.join("docker/registry/v2/repositories").join(path);
        let blobs = image.blobs();
        for blob in &blobs {
            let digest = digest(blob);
            self.blob(&digest, blob)?;
            let kind = if digest == image.digest() { "_manifests/revisions" } else { "_layers" };
            link(&repository.join(kind).join(place(&digest)), &digest)?;
        }
        let digest = image.digest();
        let tag = repository.join("_manifests/tags").join(tag);
        link(&tag.join("index").join(place(&digest)), &digest)?;
        link(&tag.join("current"), &digest)
    }

    fn blob(&self, digest: &str, bytes: &[u8]) -> io::Result<()> {
        let (algorithm, digits) = parts(digest);
        let folder = self.root.join("docker/registry/v2/blobs").join(algorithm).join(&digits[..2]).join(digits);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("data"), bytes)
    }
}

/// The file `link` of a folder, which holds a digest.
fn link(folder: &Path, digest: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("link"), digest)
}

/// A digest as two folders.
fn place(digest: &str) -> PathBuf {
    let (algorithm, digits) = parts(digest);
    Path::new(algorithm).join(digits)
}

fn parts(digest: &str) -> (&str, &str) {
    digest.split_once(':').unwrap_or(("sha256", digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_leads_to_the_manifest_and_from_there_to_all_parts() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_folder(folder.path().to_owned());
        let image = MadeImage::with_file("a", "b").unwrap();
        store.put("team/tool", "1", &image).unwrap();
        store.put("team/tool", "2", &image).unwrap();
        let root = folder.path().join("docker/registry/v2");
        let repository = root.join("repositories/team/tool");
        for tag in ["1", "2"] {
            let link = fs::read_to_string(repository.join("_manifests/tags").join(tag).join("current/link")).unwrap();
            assert_eq!(link, image.digest());
        }
        assert!(repository.join("_manifests/revisions").join(place(&image.digest())).join("link").is_file());
        for part in image.layers().iter().chain([&image.id()]) {
            assert!(repository.join("_layers").join(place(part)).join("link").is_file());
            let digits = part.strip_prefix("sha256:").unwrap();
            let blob = root.join("blobs/sha256").join(&digits[..2]).join(digits).join("data");
            assert_eq!(&digest(&fs::read(blob).unwrap()), part);
        }
    }
}
