//! One build: its context, its command, and what the engine has more afterwards.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use dockertest::engine::Object;
use dockertest::engine::models::{ImageInspect, ImageSummary};
use dockertest::outcome::Evidence;
use dockertest::prelude::*;

use super::transcript::{Builder, Transcript};
use super::{Build, Options};

/// How many digits of an id builders print.
const SHORT: usize = 12;

/// The engine before a build.
pub(super) struct Before {
    containers: BTreeSet<String>,
    images: BTreeSet<String>,
    rows: BTreeSet<String>,
    /// What the names of the images that are built begin with.
    prefix: String,
    time: i64,
}

/// What is to be built.
pub(super) struct Order {
    /// A folder, or an address.
    pub(super) context: String,
    /// The Dockerfile, where it is known.
    pub(super) dockerfile: Option<PathBuf>,
    /// Without the tag.
    pub(super) name: String,
    pub(super) options: Options,
}

/// What came of it.
pub(super) struct Built {
    pub(super) seen: Completed,
    pub(super) transcript: Transcript,
    pub(super) builder: Builder,
    /// The full name.
    pub(super) name: String,
    /// The image of that name.
    pub(super) image: Option<ImageInspect>,
    /// The instructions of the Dockerfile, where it is known.
    pub(super) instructions: Vec<String>,
}

/// What the engine has more than before.
pub(super) struct More {
    /// The ids of containers.
    pub(super) containers: Vec<String>,
    /// A name with id, or the id of an image without a name.
    pub(super) images: Vec<String>,
}

/// Builds something small to see who builds.
pub(super) fn find_builder(ctx: &mut Context, options: &Options) -> Outcome<Builder> {
    let folder = ctx.tmp().join("probe");
    fs::create_dir_all(&folder)?;
    let image = ctx.image()?;
    fs::write(folder.join("Dockerfile"), format!("FROM {image}\nENV PROBE 1\n"))?;
    let name = ctx.image_name("probe");
    let words = ["build".to_owned(), "--tag".to_owned(), name, folder.display().to_string()];
    let seen = command(ctx, options, words.to_vec()).must_pass()?;
    Builder::of(&seen).ok_or_else(|| {
        let evidence = Evidence {
            command: Some(seen.command.clone()),
            expected: Some(
                "the steps of a build, as the classic builder, BuildKit or podman announces them".to_owned(),
            ),
            seen: Some(format!("stdout: {}\nstderr: {}", seen.stdout_text(), seen.stderr_text())),
            ..Evidence::default()
        };
        CheckFailed::new("no builder prints what this build printed", evidence).into()
    })
}

fn command(ctx: &Context, options: &Options, words: Vec<String>) -> Command {
    let command = ctx.docker(words).timeout(options.build_timeout_seconds);
    match options.docker_buildkit.trim() {
        "" => command,
        value => command.variable("DOCKER_BUILDKIT", value),
    }
}

impl Before {
    /// Notes what is there.
    pub(super) fn note(ctx: &Context) -> Outcome<Before> {
        let api = ctx.api()?;
        let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Ok(Before {
            containers: api.containers(true)?.into_iter().filter_map(|container| container.id).collect(),
            images: api.all_images()?.into_iter().map(|image| image.id).collect(),
            rows: api.images()?.iter().flat_map(rows).collect(),
            prefix: stem(ctx.section().get("image_name_prefix").unwrap_or_default()).to_owned(),
            time: i64::try_from(time.as_secs()).unwrap_or_default(),
        })
    }

    /// What builds have left since: containers of the images that they made or came from, and images that were not
    /// there and are not older. It will be removed with the step; but of the containers, which bear no label, only those
    /// that these builds have told of: somebody else may build from the same image at this moment.
    pub(super) fn more(&self, ctx: &mut Context, base: &str, builds: &[&Completed]) -> Outcome<More> {
        let api = ctx.api()?;
        let base = api.image(base)?.and_then(|image| image.id).unwrap_or_default();
        let is_new = |image: &ImageSummary| !self.images.contains(&image.id) && image.created >= self.time - 1;
        let all: Vec<ImageSummary> = api.all_images()?.into_iter().filter(is_new).collect();
        let containers: Vec<String> = api
            .containers(true)?
            .into_iter()
            .filter(|container| {
                let of = container.image_id.clone().unwrap_or_default();
                let is_fixture = container.labels.as_ref().is_some_and(|labels| labels.contains_key("dockertest.run"));
                !is_fixture && (of == base || all.iter().any(|image| image.id == of))
            })
            .filter_map(|container| container.id)
            .filter(|id| !self.containers.contains(id))
            .collect();
        let new =
            |image: &ImageSummary| rows(image).into_iter().filter(|row| !self.rows.contains(row)).collect::<Vec<_>>();
        let images: Vec<String> = api
            .images()?
            .iter()
            .filter(|image| image.created >= self.time - 1 || self.is_ours(image))
            .flat_map(new)
            .collect();
        // What has a name is promised by its name.
        for id in images.iter().filter(|row| row.starts_with("sha256:")) {
            ctx.own(Object::Image(id.clone()));
        }
        let told: Vec<String> =
            builds.iter().map(|seen| format!("{}\n{}", seen.stdout_text(), seen.stderr_text())).collect();
        let is_told = |id: &&String| id.get(..SHORT).is_some_and(|short| told.iter().any(|text| text.contains(short)));
        for id in containers.iter().filter(is_told) {
            ctx.own(Object::Container(id.clone()));
        }
        Ok(More { containers, images })
    }
}

impl Before {
    /// Promises to remove the nameless images of a build that failed, which podman does not list without being asked.
    pub(super) fn own_unnamed(&self, ctx: &mut Context) -> Outcome {
        let mut all = ctx.api()?.all_images()?;
        all.retain(|image| {
            image.repo_tags.iter().all(|name| name == "<none>:<none>")
                && image.created >= self.time - 1
                && !self.images.contains(&image.id)
        });
        // The last promise is kept first, and what was made last goes first.
        all.sort_by_key(|image| image.created);
        for image in all {
            ctx.own(Object::Image(image.id));
        }
        Ok(())
    }

    /// An image that has no layers of its own is as old as the one that it was made from, for some builders.
    fn is_ours(&self, image: &ImageSummary) -> bool {
        let is_ours = |name: &String| name.rsplit('/').next().is_some_and(|name| name.starts_with(&self.prefix));
        !self.prefix.is_empty() && image.repo_tags.iter().any(is_ours)
    }
}

/// What `docker images` has a row for.
fn rows(image: &ImageSummary) -> Vec<String> {
    let named: Vec<String> = image
        .repo_tags
        .iter()
        .filter(|name| *name != "<none>:<none>")
        .map(|name| format!("{name} {}", image.id))
        .collect();
    if named.is_empty() { vec![image.id.clone()] } else { named }
}

impl Order {
    /// A build of a context that comes with the subtest, or of the one that the configuration names.
    pub(super) fn of_section(ctx: &mut Context) -> Outcome<Order> {
        let options: Options = ctx.config()?;
        let path = options.dockerfile_dir_path.clone();
        match path.strip_prefix('/') {
            Some(place) => Order::of_context(ctx, options, place),
            None => Ok(Order { context: path, dockerfile: None, name: name(ctx, &options), options }),
        }
    }

    /// A build of a context that comes with the subtest, in a fresh copy.
    pub(super) fn of_context(ctx: &mut Context, options: Options, place: &str) -> Outcome<Order> {
        let copy = fresh_copy(ctx, place)?;
        let dockerfile = copy.join(if options.minus_eff.is_empty() { "Dockerfile" } else { &options.minus_eff });
        if options.use_config_repo {
            let image = ctx.image()?;
            replace_from(&dockerfile, &image)?;
        }
        let context = copy.display().to_string();
        Ok(Order { context, dockerfile: Some(dockerfile), name: name(ctx, &options), options })
    }

    /// The words after `docker`.
    fn words(&self) -> Vec<String> {
        let mut words = vec!["build".to_owned()];
        for option in &self.options.docker_build_options {
            words.extend(shlex::split(option).unwrap_or_else(|| vec![option.clone()]));
        }
        words.extend(["-t".to_owned(), self.full_name()]);
        if let Some(dockerfile) = self.dockerfile.as_ref().filter(|_| !self.options.minus_eff.is_empty()) {
            words.extend(["-f".to_owned(), dockerfile.display().to_string()]);
        }
        words.push(self.context.clone());
        words
    }

    pub(super) fn full_name(&self) -> String {
        format!("{}{}", self.name, self.options.image_name_postfix)
    }

    /// Builds it.
    pub(super) fn build(&self, build: &Build, ctx: &mut Context) -> Outcome<Built> {
        let text = self.dockerfile.as_ref().map(fs::read_to_string).transpose()?.unwrap_or_default();
        let instructions = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned);
        let instructions: Vec<String> = instructions.collect();
        let seen = command(ctx, &self.options, self.words()).run()?;
        let name = self.full_name();
        let image = ctx.api()?.image(&name)?;
        let transcript = build.builder.read(&seen);
        Ok(Built { seen, transcript, builder: build.builder, name, image, instructions })
    }
}

/// A name that nothing else has, without the tag.
fn name(ctx: &mut Context, options: &Options) -> String {
    ctx.image_name(stem(&options.image_name_prefix))
}

/// A prefix without what may not stand beside the rest of a name.
fn stem(prefix: &str) -> &str {
    prefix.trim_end_matches(['_', '-', '.'])
}

/// A copy of a context in the sub-subtest's temporary folder, which is made again each time.
pub(super) fn fresh_copy(ctx: &Context, place: &str) -> Outcome<PathBuf> {
    let copy = ctx.tmp().join(place);
    if copy.exists() {
        fs::remove_dir_all(&copy)?;
    }
    copy_tree(&ctx.bindir()?.join("contexts").join(place), &copy)?;
    Ok(copy)
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Lets a Dockerfile begin with another image.
pub(super) fn replace_from(dockerfile: &Path, image: &str) -> std::io::Result<()> {
    let text = fs::read_to_string(dockerfile)?;
    let line = |line: &str| if line.starts_with("FROM ") { format!("FROM {image}\n") } else { format!("{line}\n") };
    fs::write(dockerfile, text.lines().map(line).collect::<String>())
}
