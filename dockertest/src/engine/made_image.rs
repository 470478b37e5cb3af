//! Small images that are made here, all of whose digests are known before an engine has seen them.

use std::fmt::Write as _;
use std::io;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, Header};

use crate::engine::fixtures::test_image;
use crate::engine::{Container, ImageName, Object};
use crate::subtest::{Context, Outcome};

/// When the files of made images were changed last.
const FILE_TIME: u64 = 1_767_225_600;

/// When made images were created, unless something else is asked for.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// The tag that a name without one means.
const DEFAULT_TAG: &str = "latest";

/// The media types of a manifest and its parts (image manifest version 2, schema 2).
const MANIFEST_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIGURATION_TYPE: &str = "application/vnd.docker.container.image.v1+json";
const LAYER_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// A small image with known content, so that its id and digests are known beforehand.
///
/// ```
/// use dockertest::engine::MadeImage;
///
/// let one = MadeImage::with_file("marker", "one")?;
/// let other = MadeImage::with_file("marker", "other")?;
/// assert!(one.id().starts_with("sha256:"));
/// assert_ne!(one.id(), other.id());
/// assert_eq!(one.id(), MadeImage::with_file("marker", "one")?.id());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MadeImage {
    created: String,
    settings: Map<String, Value>,
    layers: Vec<Layer>,
}

#[derive(Debug, Clone, PartialEq)]
struct Layer {
    bytes: Vec<u8>,
    digest: String,
}

impl MadeImage {
    /// An image with one file at this path. It has no program; its command would be `/none`.
    ///
    /// # Errors
    /// When the path does not fit into an archive.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let image = MadeImage::with_file("etc/marker", "text")?;
    /// # let _ = image;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_file(path: &str, content: &str) -> io::Result<Self> {
        let mut layer = Builder::new(Vec::new());
        append(&mut layer, path, content.as_bytes())?;
        let settings = Map::from_iter([("Cmd".to_owned(), json!(["/none"]))]);
        let bytes = layer.into_inner()?;
        let layer = Layer { digest: digest(&bytes), bytes };
        Ok(MadeImage { created: CREATED.to_owned(), settings, layers: vec![layer] })
    }

    /// The same with another time of its creation (RFC 3339).
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let old = MadeImage::with_file("a", "b")?.created("2001-02-03T04:05:06Z");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn created(mut self, time: &str) -> Self {
        time.clone_into(&mut self.created);
        self
    }

    /// The same with these labels, each `name=value`.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let labelled = MadeImage::with_file("a", "b")?.labels(["made.by=me"]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn labels<L: AsRef<str>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        let pairs = labels.into_iter().map(|label| {
            let (name, value) = label.as_ref().split_once('=').unwrap_or((label.as_ref(), ""));
            (name.to_owned(), Value::String(value.to_owned()))
        });
        let labels: Map<String, Value> = pairs.collect();
        self.settings.insert("Labels".to_owned(), Value::Object(labels));
        self
    }

    /// What engines call the image's id: the digest of its configuration.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let id = MadeImage::with_file("a", "b")?.id();
    /// assert_eq!(id.len(), "sha256:".len() + 64);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> String {
        digest(&self.configuration())
    }

    /// The digest that a registry has it under: that of its manifest.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let image = MadeImage::with_file("a", "b")?;
    /// assert_ne!(image.digest(), image.id());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn digest(&self) -> String {
        digest(&self.manifest())
    }

    /// The digests of its layers, the lowest first.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// assert_eq!(MadeImage::with_file("a", "b")?.layers().len(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn layers(&self) -> Vec<String> {
        self.layers.iter().map(|layer| layer.digest.clone()).collect()
    }

    /// The image with these names, as an archive that `docker load` reads.
    ///
    /// # Errors
    /// When a name does not fit into an archive.
    ///
    /// ```
    /// # use dockertest::engine::MadeImage;
    /// let archive = MadeImage::with_file("a", "b")?.archive(&["dockertest/made:1"])?;
    /// assert_eq!(archive.len() % 512, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn archive(&self, names: &[&str]) -> io::Result<Vec<u8>> {
        let mut archive = Builder::new(Vec::new());
        let layers: Vec<String> = (0..self.layers.len()).map(|place| format!("{place}.tar")).collect();
        let manifest = json!([{ "Config": "config.json", "RepoTags": names, "Layers": &layers }]).to_string();
        for (name, layer) in layers.iter().zip(&self.layers) {
            append(&mut archive, name, &layer.bytes)?;
        }
        append(&mut archive, "config.json", &self.configuration())?;
        append(&mut archive, "manifest.json", manifest.as_bytes())?;
        archive.into_inner()
    }

    /// All that a registry keeps of it, the manifest last.
    pub(in crate::engine) fn blobs(&self) -> Vec<Vec<u8>> {
        self.layers.iter().map(|layer| layer.bytes.clone()).chain([self.configuration(), self.manifest()]).collect()
    }

    /// The image's configuration (OCI image specification, "Image Configuration").
    fn configuration(&self) -> Vec<u8> {
        let configuration = json!({
            "architecture": architecture(),
            "os": "linux",
            "created": self.created,
            "config": self.settings,
            "rootfs": { "type": "layers", "diff_ids": self.layers() },
            "history": [{ "created": self.created, "created_by": "dockertest" }],
        });
        configuration.to_string().into_bytes()
    }

    fn manifest(&self) -> Vec<u8> {
        let part =
            |kind, bytes: &[u8], digest: &str| json!({ "mediaType": kind, "size": bytes.len(), "digest": digest });
        let layer = |layer: &Layer| part(LAYER_TYPE, &layer.bytes, &layer.digest);
        let layers: Vec<Value> = self.layers.iter().map(layer).collect();
        let configuration = self.configuration();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": part(CONFIGURATION_TYPE, &configuration, &digest(&configuration)),
            "layers": layers,
        });
        manifest.to_string().into_bytes()
    }
}

impl Context {
    /// A small image that nobody else has, with the labels of this step. No engine knows it yet.
    ///
    /// # Errors
    /// When it cannot be made.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (one, other) = (ctx.made_image()?, ctx.made_image()?);
    /// assert_ne!(one.id(), other.id());
    /// # Ok(()) }
    /// ```
    pub fn made_image(&mut self) -> Outcome<MadeImage> {
        let marker = self.unique_name("marker");
        let labels = self.label_pairs().into_iter().map(|(name, value)| format!("{name}={value}"));
        Ok(MadeImage::with_file("marker", &marker)?.labels(labels))
    }

    /// Brings an image to the engine under these names, through the API, and gives the id that the engine has for it: the
    /// [image's own](MadeImage::id), or another one, as engines have that keep their images in containerd. The names must
    /// have been promised ([`image_name`](Self::image_name)); without names it is promised here that the image is removed.
    ///
    /// # Errors
    /// When the engine does not take it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let (image, name) = (ctx.made_image()?, ctx.image_name("test"));
    /// let id = ctx.load(&image, &[&format!("{name}:1"), &format!("{name}:2")])?;
    /// ctx.docker(["tag", &id, &format!("{name}:3")]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn load(&mut self, image: &MadeImage, names: &[&str]) -> Outcome<String> {
        let flavor = self.engine().map(|engine| engine.flavor.clone()).unwrap_or_default();
        let local = names.iter().map(|name| Ok(ImageName::parse(name)?.local(&flavor)));
        let local: Vec<String> = local.collect::<Outcome<_>>()?;
        if local.is_empty() {
            self.own(Object::Image(image.id()));
        }
        let names: Vec<&str> = local.iter().map(String::as_str).collect();
        let api = self.api()?;
        test_image::load(&api, image.archive(&names)?)?;
        let known = names.first().map(|name| api.image(name)).transpose()?.flatten();
        Ok(known.and_then(|known| known.id).unwrap_or_else(|| image.id()))
    }
}

/// An image that nobody else has, with the content of the test image.
///
/// ```no_run
/// # use dockertest::prelude::*;
/// # fn phase(ctx: &mut Context) -> Outcome {
/// let container = ctx.container().command(["touch", "/changed"]).start()?;
/// container.wait_exit(std::time::Duration::from_secs(60))?;
/// let image = ctx.image_of(&container, "changed", "somebody", "has one more file")?;
/// ctx.docker(["run", "--rm", &image.name, "cat", "/changed"]).must_pass()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnImage {
    /// Its name, with a tag.
    pub name: String,
    /// Its full id.
    pub id: String,
}

impl Context {
    /// Makes an image of a container through the API, under a name of its own that begins with the prefix; it is removed
    /// after the step.
    ///
    /// # Errors
    /// When the engine does not do it.
    ///
    /// ```no_run
    /// # use dockertest::prelude::*;
    /// # fn phase(ctx: &mut Context) -> Outcome {
    /// let container = ctx.container().create()?;
    /// let image = ctx.image_of(&container, "own", "", "")?; // as the test image, with a name and an id of its own
    /// let other = ctx.image_name("other");
    /// ctx.docker(["tag", &image.id, &other]).must_pass()?;
    /// # Ok(()) }
    /// ```
    pub fn image_of(&mut self, container: &Container, prefix: &str, author: &str, message: &str) -> Outcome<OwnImage> {
        let name = ImageName::parse(&self.image_name(prefix))?.tagged();
        let flavor = self.engine().map_or("", |engine| engine.flavor.as_str());
        let local = name.local(flavor);
        let (repository, tag) = local.rsplit_once(':').unwrap_or((&local, DEFAULT_TAG));
        let api = self.api()?;
        let id = api.commit(container.id(), (repository, tag), author, message)?;
        // Some engines tell it without the algorithm.
        let id = api.image(&id)?.and_then(|image| image.id).unwrap_or(id);
        Ok(OwnImage { name: name.to_string(), id })
    }
}

/// The digest of something, as engines and registries write it.
pub(in crate::engine) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn append(archive: &mut Builder<Vec<u8>>, path: &str, content: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_mode(0o644);
    header.set_mtime(FILE_TIME);
    header.set_size(content.len() as u64);
    archive.append_data(&mut header, path, content)
}

/// The name that engines have for the architecture of this machine.
pub(in crate::engine) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64le",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_standard() {
        // FIPS 180-2, appendix B.1
        assert_eq!(digest(b"abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn all_that_is_asked_for_changes_the_id() {
        let plain = MadeImage::with_file("a", "b").unwrap();
        let ids = [
            plain.id(),
            MadeImage::with_file("a", "c").unwrap().id(),
            plain.clone().created("2001-02-03T04:05:06Z").id(),
            plain.clone().labels(["x=y"]).id(),
        ];
        for (place, id) in ids.iter().enumerate() {
            assert!(!ids[..place].contains(id), "{ids:?}");
        }
    }

    #[test]
    fn the_blobs_are_all_that_the_manifest_names() {
        let image = MadeImage::with_file("a", "b").unwrap();
        let blobs = image.blobs();
        let digests: Vec<String> = blobs.iter().map(|blob| digest(blob)).collect();
        assert_eq!(digests, [image.layers()[0].clone(), image.id(), image.digest()]);
        let manifest: Value = serde_json::from_slice(&blobs[2]).unwrap();
        assert_eq!(manifest["layers"][0]["digest"], json!(digests[0]));
        assert_eq!(manifest["config"]["digest"], json!(digests[1]));
    }
}
