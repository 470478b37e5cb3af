//! The same image from several sources, and how it is made.

use std::path::Path;
use std::process::Command as Program;

use dockertest::prelude::*;
use dockertest::subtest::Requirement;

use super::checks::as_configured;
use super::order::{Before, Built, Order, fresh_copy, replace_from};
use super::transcript::Builder;
use super::{Build, Options};

/// What the instructions of the context `full` print.
const FULL: [&str; 2] = ["Schazam!", "foobar"];

/// How many instructions after `FROM` that context has.
const FULL_INSTRUCTIONS: usize = 5;

/// The whole of one good build of the context `full`.
fn good(build: &Build, ctx: &mut Context, order: &Order, containers: usize) -> Outcome<Built> {
    let before = Before::note(ctx)?;
    let built = order.build(build, ctx)?;
    let base = ctx.image()?;
    let more = before.more(ctx, &base, &[&built.seen])?;
    built.must_be_good(ctx, &FULL, order.options.enable_nonprintables_check)?;
    built.must_have_left(&more, containers, 1)?;
    built.must_have_intermediates(ctx)?;
    let container = built.container(ctx)?;
    built.must_hold(&container, "/var/tmp/testfile", "foobar\n")?;
    as_configured(ctx, &order.options.postproc_cmd_csv, &built, &more)?;
    if build.builder == Builder::Classic {
        let announced = built.transcript.containers.len();
        built.seen.check_eq(announced, FULL_INSTRUCTIONS, "the number of containers that are announced")?;
        for id in &built.transcript.containers {
            let is_there = more.containers.iter().any(|kept| kept.starts_with(id.as_str()));
            let promise = if containers == 0 { "is removed" } else { "is kept" };
            built
                .seen
                .check(is_there == (containers > 0), format!("the container {id} that is announced {promise}"))?;
        }
    }
    Ok(built)
}

/// A folder.
#[derive(Default)]
pub(super) struct LocalPath;

impl SubSubtest<Build> for LocalPath {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        let built = good(build, ctx, &order, 0)?;
        let image = built.image.clone().unwrap_or_default();
        if build.builder != Builder::Podman {
            built.seen.check_eq(image.author.unwrap_or_default(), "dockertest", "the image's author")?;
        }
        let environment = image.config.and_then(|config| config.env).unwrap_or_default();
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        built.seen.check(environment.iter().any(|variable| variable == path), format!("{path} is in {environment:?}"))
    }
}

/// The address of a Dockerfile.
#[derive(Default)]
pub(super) struct HttpsFile;

impl SubSubtest<Build> for HttpsFile {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let mut order = Order::of_section(ctx)?;
        if order.dockerfile.is_none() {
            // The user's own address: nobody knows what it prints.
            let seen = order.build(build, ctx)?.seen.must_pass()?;
            return seen.check(ctx.api()?.image(&order.full_name())?.is_some(), "the image is there");
        }
        let server = ctx.file_server(Path::new(&order.context))?;
        order.context = server.url("Dockerfile");
        let built = good(build, ctx, &order, 0)?;
        built.seen.check(
            server.requests().iter().any(|asked| asked == "GET /Dockerfile"),
            format!("the address is asked for the file; it was asked {:?}", server.requests()),
        )
    }
}

/// A repository.
#[derive(Default)]
pub(super) struct GitPath;

impl SubSubtest<Build> for GitPath {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        ctx.require(Requirement::Program("git"))?;
        let mut order = Order::of_section(ctx)?;
        if order.dockerfile.is_none() {
            let seen = order.build(build, ctx)?.seen.must_pass()?;
            return seen.check(ctx.api()?.image(&order.full_name())?.is_some(), "the image is there");
        }
        let folder = ctx.tmp().join("served");
        make_repository(Path::new(&order.context), &folder.join("context.git"))?;
        let server = ctx.file_server(&folder)?;
        order.context = server.url("context.git");
        let built = good(build, ctx, &order, 0)?;
        built.seen.check(
            server.requests().iter().any(|asked| asked.contains("/context.git/")),
            format!("the repository is fetched; the server was asked {:?}", server.requests()),
        )
    }
}

/// Puts a folder into a new repository.
fn make_repository(folder: &Path, repository: &Path) -> Outcome {
    std::fs::create_dir_all(repository)?;
    let (folder, repository) = (folder.display().to_string(), repository.display().to_string());
    let author = ["-c", "user.name=dockertest", "-c", "user.email=dockertest@localhost", "-c", "commit.gpgsign=false"];
    let safe = ["-c", "safe.directory=*"];
    git(&["init", "--quiet", "--initial-branch=master", &folder])?;
    git(&[&safe[..], &["-C", &folder, "add", "--all"]].concat())?;
    git(&[&safe[..], &author[..], &["-C", &folder, "commit", "--quiet", "--message=context"]].concat())?;
    git(&[&safe[..], &["clone", "--quiet", "--bare", &folder, &repository]].concat())
}

fn git(words: &[&str]) -> Outcome {
    let output = Program::new("git").args(words).env_remove("GIT_DIR").output()?;
    if output.status.success() {
        return Ok(());
    }
    let problem = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(std::io::Error::other(format!("`git {}` failed: {problem}", words.join(" "))).into())
}

/// Containers are kept.
#[derive(Default)]
pub(super) struct RmFalse;

impl SubSubtest<Build> for RmFalse {
    fn initialize(&mut self, build: &mut Build, _ctx: &mut Context) -> Outcome {
        match build.builder {
            Builder::Classic => Ok(()),
            other => {
                let text = format!("{other:?} has no containers of its own, which `--rm=false` could keep");
                Err(NotApplicable::because(text).into())
            }
        }
    }

    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let order = Order::of_section(ctx)?;
        good(build, ctx, &order, FULL_INSTRUCTIONS).map(drop)
    }
}

/// The second build uses what the first made.
#[derive(Default)]
pub(super) struct Cache;

impl SubSubtest<Build> for Cache {
    fn run_once(&mut self, build: &mut Build, ctx: &mut Context) -> Outcome {
        let first = Order::of_section(ctx)?;
        let options: Options = ctx.config()?;
        let second = options_of_second(ctx, options);
        let place = ctx.section().get("dockerfile_dir_path2").unwrap_or_default().trim_start_matches('/').to_owned();
        // A line of its own, so that only the first build can be what the second one takes from.
        let mark = format!("ENV MARK {}", ctx.unique_name("mark"));
        let (one, second) = (first, Order::of_context(ctx, second, &place)?);
        for order in [&one, &second] {
            insert_mark(order, &mark)?;
        }
        let before = Before::note(ctx)?;
        let first = one.build(build, ctx)?;
        let built = second.build(build, ctx)?;
        let base = ctx.image()?;
        let more = before.more(ctx, &base, &[&first.seen, &built.seen])?;
        first.must_be_good(ctx, &FULL[..1], one.options.enable_nonprintables_check)?;
        first.seen.check_eq(first.transcript.cached, 0, "the steps that `--no-cache` takes from the cache")?;
        built.must_be_good(ctx, &FULL[1..], second.options.enable_nonprintables_check)?;
        // FROM makes nothing, and the two last instructions are new.
        let cached = match build.builder {
            Builder::Classic | Builder::Podman => built.instructions.len() - 3,
            // Only what makes a layer is announced: here, the first RUN.
            Builder::BuildKit => 1,
        };
        built.seen.check_eq(built.transcript.cached, cached, "the steps that are taken from the cache")?;
        built.must_have_left(&more, 0, 2)?;
        let layers = |built: &Built| {
            let image = built.image.clone().unwrap_or_default();
            image.root_fs.and_then(|files| files.layers).unwrap_or_default()
        };
        let (old, new) = (layers(&first), layers(&built));
        let begins = new.len() > old.len() && new.starts_with(&old);
        built.seen.check(begins, format!("the layers {new:?} begin with those of the first image, {old:?}"))?;
        let container = built.container(ctx)?;
        built.must_hold(&container, "/var/tmp/testfile", "foobar\n")?;
        // Now that there is something to take, `--no-cache` still takes nothing.
        let again = Order::of_section(ctx)?;
        insert_mark(&again, &mark)?;
        let built = again.build(build, ctx)?;
        built.must_be_good(ctx, &FULL[..1], again.options.enable_nonprintables_check)?;
        let what = "the steps that `--no-cache` takes from the cache of the same build";
        built.seen.check_eq(built.transcript.cached, 0, what)?;
        built.must_have_left(&before.more(ctx, &base, &[&built.seen])?, 0, 3)
    }
}

fn options_of_second(ctx: &Context, mut options: Options) -> Options {
    options.docker_build_options = ctx.section().list("docker_build_options2");
    options
}

fn insert_mark(order: &Order, mark: &str) -> Outcome {
    let Some(dockerfile) = &order.dockerfile else { return Ok(()) };
    let text = std::fs::read_to_string(dockerfile)?;
    let (from, rest) = text.split_once('\n').unwrap_or((text.as_str(), ""));
    Ok(std::fs::write(dockerfile, format!("{from}\n{mark}\n{rest}"))?)
}

/// Builds that follow each other, each from the image of the one before: a context for each.
pub(super) fn chain(build: &Build, ctx: &mut Context, places: &[String]) -> Outcome<Vec<Built>> {
    let mut all: Vec<Built> = Vec::new();
    for place in places {
        let mut options: Options = ctx.config()?;
        if build.builder == Builder::Podman {
            // The format that it builds by default has no place for instructions that wait.
            options.docker_build_options.push("--format=docker".to_owned());
        }
        let order = Order::of_context(ctx, options, place)?;
        if let (Some(last), Some(dockerfile)) = (all.last(), &order.dockerfile) {
            replace_from(dockerfile, &last.name)?;
        }
        let mut built = order.build(build, ctx)?;
        if let Some(last) = all.last().filter(|_| build.builder == Builder::Podman) {
            // It announces what has waited as steps of this build.
            let waiting = last.instructions.iter().filter_map(|line| line.strip_prefix("ONBUILD "));
            built.instructions.splice(1..1, waiting.map(str::to_owned));
        }
        all.push(built);
    }
    Ok(all)
}

/// A copy that nothing is built of as it is.
pub(super) fn changed_copy(ctx: &mut Context, place: &str, change: impl Fn(&str) -> String) -> Outcome<Order> {
    let mut order = Order::of_context(ctx, ctx.config()?, place)?;
    let copy = fresh_copy(ctx, place)?;
    let dockerfile = copy.join("Dockerfile");
    std::fs::write(&dockerfile, change(&std::fs::read_to_string(&dockerfile)?))?;
    if order.options.use_config_repo {
        replace_from(&dockerfile, &ctx.image()?)?;
    }
    order.dockerfile = Some(dockerfile);
    Ok(order)
}
