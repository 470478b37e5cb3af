//! `docker images`: lists every image under each of its names, with its id, age and size, and what is asked for only.
//!
//! Three small images are made: one with three names (among them one with a registry, a port and a deep path), one with
//! one, and one without a name; of known ages and sizes. The list is asked for, a name is taken from one image and
//! another one given to it, and the list is asked for again in several forms: as the table for people, by a template,
//! as JSON, as ids only, of one repository, of one name, of a name that nothing has, and of images without names. Each
//! answer is compared with what the engine's API lists:
//!
//! * every image that the API lists before and after the command is there, under each name, once; there is nothing that
//!   the API lists neither before nor after;
//! * the table has its five columns, is ordered from the youngest to the oldest, and tells age and size of our images
//!   rightly;
//! * nothing is on standard error.
//!
//! Images of others may come and go meanwhile: an answer that does not fit is asked for again, three times in all.
//!
//! # Engines
//! Podman puts `localhost/` before names without a registry, lists each id once in `--quiet`, shows all names of an
//! image when it is asked for one of them (5.8: for its repository), and has another JSON, which is not compared. Clients from version 29 on show
//! another table unless they get `--no-trunc`, so each command has it.

mod age;
mod listing;
mod outputs;

use dockertest::config::types;
use dockertest::engine::{ImageName, MadeImage, Object};
use dockertest::prelude::*;
use dockertest::verdict::Verdict;
use serde::Deserialize;

use listing::{Entry, Snapshot};
use outputs::Query;

/// How often an answer is asked for that does not fit.
const ATTEMPTS: usize = 3;

/// Ages of the images with names, in seconds: five days and three hours.
const AGES: [i64; 2] = [5 * 24 * 3600, 3 * 3600];

/// Sizes of the files in them.
const SIZES: [usize; 2] = [123_456, 789];

/// The options of the section `[docker_cli/images]`.
#[derive(Debug, Deserialize)]
struct Options {
    #[serde(with = "types::seconds")]
    docker_timeout: std::time::Duration,
}

#[derive(Default)]
struct Images {
    /// The repository with several names.
    several: String,
    /// The ids of our images.
    ids: Vec<String>,
}

impl Subtest for Images {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        let (several, single) = (ctx.image_name("several"), ctx.image_name("single"));
        let deep = format!("registry.invalid:5000/team/tools/{several}");
        ctx.own(Object::Image(deep.clone()));
        let names = [
            vec![format!("{several}:latest"), format!("{several}:v1.0_x-2"), format!("{deep}:1")],
            vec![format!("{single}:one")],
        ];
        for ((names, age), size) in names.iter().zip(AGES).zip(SIZES) {
            let image = made(ctx, age, size)?;
            let id = ctx.load(&image, &names.iter().map(String::as_str).collect::<Vec<_>>())?;
            self.ids.push(id);
        }
        let nameless = made(ctx, 100, 1)?;
        let id = ctx.load(&nameless, &[])?;
        self.ids.push(id);
        self.several = ImageName::parse(&several)?.local(flavor(ctx));
        Ok(())
    }

    fn run_once(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        self.ask_patiently(ctx, &options, &Query::table(&[], |_| true))?;
        self.rename(ctx)?;
        for query in self.queries(ctx) {
            self.ask_patiently(ctx, &options, &query)?;
        }
        Ok(())
    }
}

impl Images {
    /// Takes one of its names from an image and gives it another one, so that an older list is no longer right.
    fn rename(&self, ctx: &Context) -> Outcome {
        let api = ctx.api()?;
        let old = format!("{}:v1.0_x-2", self.several);
        api.tag(&old, &self.several, "later")?;
        api.remove_image(&old, false)?;
        Ok(())
    }

    /// Asks for the list in one form; again, if what is there changed meanwhile.
    fn ask_patiently(&self, ctx: &Context, options: &Options, query: &Query) -> Outcome {
        let mut attempts = 1..=ATTEMPTS;
        loop {
            let last = attempts.next() == Some(ATTEMPTS);
            match self.ask(ctx, options, query) {
                // Perhaps an image of somebody else's came and went just now.
                Err(failure) if !last && failure.verdict() == Verdict::Fail => {
                    ctx.debug(format!("asked again: {}", failure.reason()));
                }
                outcome => return outcome,
            }
        }
    }

    /// All forms in which the list is asked for.
    fn queries(&self, ctx: &Context) -> Vec<Query> {
        let (repository, missing) = (self.several.clone(), format!("{}-missing", self.several));
        let name = format!("{repository}:latest");
        // Podman looks for the image, and then shows all its names; 5.8 does so for a repository only.
        let image = self.ids.first().cloned().filter(|_| flavor(ctx) == "podman");
        let of_repository = {
            let (repository, image) = (repository.clone(), image.clone());
            move |entry: &Entry| entry.repository == repository || image.as_ref() == Some(&entry.id)
        };
        let of_name = {
            let repository = repository.clone();
            move |entry: &Entry| entry.repository == repository && entry.tag == "latest"
        };
        let by_name = Query::table(&[&name], of_name);
        let by_name = match image {
            Some(image) => by_name.or(move |entry: &Entry| entry.id == image),
            None => by_name,
        };
        let mut all = vec![
            Query::table(&[], |_| true),
            Query::template(|_| true),
            Query::ids(&["--no-trunc"], usize::MAX),
            Query::ids(&[], 12),
            Query::table(&[&repository], of_repository),
            by_name,
            Query::table(&[&missing], |_| false),
            Query::table(&["--filter", "dangling=true"], Entry::is_nameless),
        ];
        if flavor(ctx) != "podman" {
            all.push(Query::json());
        }
        all
    }

    /// Asks for the list in one form, and compares it with what the API lists.
    fn ask(&self, ctx: &Context, options: &Options, query: &Query) -> Outcome {
        let api = ctx.api()?;
        let before = Snapshot::take(&api)?;
        let seen = ctx.docker(&query.words).timeout(options.docker_timeout).must_pass()?;
        let after = Snapshot::take(&api)?;
        seen.check_eq(seen.said().join("\n"), "", "standard error of a command that succeeds")?;
        let once = flavor(ctx) == "podman" && query.words.iter().any(|word| word == "--quiet");
        query.compare(&seen, (&before, &after), &self.ids, once)
    }
}

/// An image of ours of this age, with a file of this size.
fn made(ctx: &mut Context, age: i64, size: usize) -> Outcome<MadeImage> {
    let marker = ctx.unique_name("marker");
    let created = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::from_secs(age))?;
    let labels = ctx.labels();
    let labels = labels.iter().map(|label| label.trim_start_matches("--label="));
    let content = format!("{marker}{}", " ".repeat(size.saturating_sub(marker.len())));
    let image = MadeImage::with_file("marker", &content)?;
    Ok(image.created(&created.to_string()).labels(labels))
}

fn flavor(ctx: &Context) -> &str {
    ctx.engine().map_or("docker", |engine| engine.flavor.as_str())
}

dockertest::subtest!(Images, "`docker images` lists what the engine has, in each form that it is asked for.");
