//! `docker import -`: an archive from a pipe becomes an image, and one that is cut off is refused.
//!
//! The folder is not called `import`, because that is a word of many languages. The sub-subtests run stage by stage: all
//! import, then all are checked, then all clean up.
//!
//! * `empty`: tar archives an empty folder; the archive becomes an image. The command prints its id and nothing else, the
//!   engine has the image under its name with one layer and not a byte in it, and it is new.
//! * `truncated`: an archive that ends too early is refused with a text that says so. There is no image of that name, nor one
//!   without a name, and removing it fails.
//!
//! Needs `tar`. Docker prints the id with `sha256:` and refuses with status 1; podman prints it without, tells its progress on
//! standard error, and refuses with status 125.

mod archives;

use dockertest::config::types;
use dockertest::engine::Object;
use dockertest::prelude::*;
use serde::Deserialize;

use crate::life::is_podman;

/// The options of the sections `[docker_cli/dockerimport/…]`.
#[derive(Debug, Clone, Deserialize)]
struct Options {
    image_name_prefix: String,
    image_name_postfix: String,
    tar_command: String,
    tar_options: String,
    #[serde(default)]
    truncate_percent: u32,
    #[serde(default, with = "types::list")]
    include_dirs: Vec<String>,
}

#[derive(Default)]
struct DockerImport;

impl Subtest for DockerImport {
    fn needs_engine(&self) -> bool {
        true
    }
}

/// A name with its tag that nothing else has.
fn name(ctx: &mut Context, options: &Options) -> String {
    let name = ctx.image_name(options.image_name_prefix.trim_end_matches(['_', '-', '.']));
    format!("{name}{}", options.image_name_postfix)
}

/// The ids of all images.
fn ids(ctx: &Context) -> Outcome<Vec<String>> {
    Ok(ctx.api()?.all_images()?.into_iter().map(|image| image.id).collect())
}

/// What engines call an image that has no name; newer ones list no name at all.
const NO_NAME: &str = "<none>:<none>";

/// One import, and what there was before.
#[derive(Default)]
struct Import {
    name: String,
    before: Vec<String>,
    time: i64,
    seen: Option<Completed>,
    said_by_tar: String,
}

impl Import {
    fn begin(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.name = name(ctx, &options);
        Ok(())
    }

    fn run(&mut self, ctx: &mut Context, archive: Vec<u8>) -> Outcome {
        self.before = ids(ctx)?;
        self.time = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or_default());
        self.seen = Some(ctx.docker(["import", "-", &self.name]).stdin(archive).run()?);
        Ok(())
    }
}

/// An empty archive.
#[derive(Default)]
struct Empty(Import);

impl SubSubtest<DockerImport> for Empty {
    fn initialize(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        self.0.begin(ctx)
    }

    fn run_once(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let folder = ctx.tmp().join("empty");
        std::fs::create_dir_all(&folder)?;
        let (archive, said) = archives::of_folder(ctx, &options.tar_command, &options.tar_options, &folder)?;
        self.0.said_by_tar = said;
        self.0.run(ctx, archive)
    }

    fn postprocess(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        let import = &self.0;
        let Some(seen) = import.seen.clone() else { return Ok(()) };
        let seen = seen.must_pass()?;
        seen.check(!import.said_by_tar.to_lowercase().contains("error"), "tar says nothing of an error")?;
        let Some(image) = ctx.api()?.image(&import.name)? else {
            return seen.check(false, format!("there is an image {}", import.name));
        };
        let id = image.id.clone().unwrap_or_default();
        let digits = id.trim_start_matches("sha256:");
        if is_podman(ctx) {
            seen.check_eq(seen.stdout_text().trim_end(), format!("sha256:{digits}"), "the id that is printed")
                .or_else(|_| seen.check_eq(seen.stdout_text().trim_end(), digits, "the id that is printed"))?;
        } else {
            seen.clone().prints(&format!("sha256:{digits}\n"))?;
        }
        seen.check(!import.before.contains(&id), "the image was not there before")?;
        let layers = image.root_fs.and_then(|files| files.layers).unwrap_or_default();
        seen.check_eq(layers.len(), 1, "the number of the image's layers")?;
        if !is_podman(ctx) {
            seen.check_eq(image.size.unwrap_or_default(), 0, "the image's size")?;
        }
        let made = image.created.unwrap_or_default();
        let listed = ctx.api()?.images()?.into_iter().find(|listed| listed.id == id);
        let Some(listed) = listed else { return seen.check(false, "the image is listed") };
        seen.check(listed.created >= import.time - 1, format!("the image is new, not of {made}"))?;
        let names: Vec<String> = listed.repo_tags;
        let is_named = |name: &String| name == &import.name || name.ends_with(&format!("/{}", import.name));
        seen.check(
            names.len() == 1 && names.iter().all(is_named),
            format!("its only name is {}, not {names:?}", import.name),
        )
    }
}

/// An archive that is cut off.
#[derive(Default)]
struct Truncated(Import);

impl SubSubtest<DockerImport> for Truncated {
    fn initialize(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        self.0.begin(ctx)
    }

    fn run_once(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let archive = if options.include_dirs.is_empty() {
            archives::head_of_a_large_file()?
        } else {
            archives::cut(ctx, &options)?
        };
        self.0.run(ctx, archive)
    }

    fn postprocess(&mut self, _parent: &mut DockerImport, ctx: &mut Context) -> Outcome {
        let import = &self.0;
        let Some(seen) = import.seen.clone() else { return Ok(()) };
        let mut left = Vec::new();
        for image in ctx.api()?.images()? {
            let is_new = !import.before.contains(&image.id) && image.created >= import.time - 1;
            // The sibling's image has a name of its own, and others who use the engine make images, too.
            let is_its = |name: &String| *name == import.name || name == NO_NAME;
            if is_new && image.repo_tags.iter().all(is_its) && is_import(ctx, &image.id)? {
                left.push(image.id);
            }
        }
        for id in &left {
            ctx.own(Object::Image(id.clone()));
        }
        let seen = seen.must_fail(if is_podman(ctx) { 125 } else { 1 })?;
        let said = seen.said().join("\n").to_lowercase();
        seen.check(
            said.contains("error") && said.contains("eof"),
            "standard error says that the archive ends too early",
        )?;
        seen.check_eq(seen.stdout_text(), "", "standard output of an import that fails")?;
        seen.check(ctx.api()?.image(&import.name)?.is_none(), format!("there is no image {}", import.name))?;
        seen.check_eq(left.join(", "), "", "the images that the failed import has left")?;
        let removed = ctx.docker(["rmi", &import.name]).must_fail(1)?;
        removed.check(removed.stderr_text().contains(&import.name), "the message names the image")?;
        removed.check_eq(removed.stdout_text(), "", "standard output of a removal that fails")
    }
}

/// Whether an image has come about by an import, as engines note in its comment (`Imported from -`).
fn is_import(ctx: &Context, id: &str) -> Outcome<bool> {
    let comment = ctx.api()?.image(id)?.and_then(|image| image.comment).unwrap_or_default();
    Ok(comment.to_lowercase().contains("import"))
}

dockertest::subtest!(
    DockerImport,
    "`docker import -`: an archive from a pipe becomes an image, and one that is cut off is refused.",
    staged { empty: Empty, truncated: Truncated }
);
