//! Sees to it that the images which subtests need are there before the first one starts.
//!
//! The sub-subtest `puller` brings the test image (options `docker_repo_name` and its kin) and those of
//! `extra_fqins_csv`. The test image is made on this machine, from its static busybox and bash, so that the suite needs no
//! network; with `pull_test_image` it is pulled instead. What is there already is not pulled again unless `always_pull`
//! says so. The sub-subtest `builder` builds an image of the user's, from a folder, an archive or an address, if
//! `build_name` and `build_dockerfile` are set.
//!
//! All these images are protected: later steps of the run know them by the file `shared/preserve_fqins` of the results, and
//! leave them alone. The user's own configuration is not changed. A list of all images goes to `sysinfo/docker_images`.
//! At the end, what is in the engine is noted as what was there at the run's start, for `garbage_check`.
//!
//! Docker and podman are alike here; podman shows an image that it loaded as `docker.io/NAME`.

use dockertest::config::types;
use dockertest::engine::inventory::Inventory;
use dockertest::outcome::Evidence;
use dockertest::prelude::*;
use serde::Deserialize;

use crate::protected;

/// The options of the section `[docker_test_images]`.
#[derive(Debug, Clone, Deserialize)]
struct Options {
    #[serde(with = "types::flag")]
    pull_test_image: bool,
    #[serde(with = "types::flag")]
    always_pull: bool,
    #[serde(with = "types::list")]
    extra_fqins_csv: Vec<String>,
    #[serde(with = "types::flag", alias = "preserve_test_images")]
    update_defaults_ini: bool,
    build_name: String,
    build_dockerfile: String,
    #[serde(with = "types::list")]
    build_opts_csv: Vec<String>,
}

#[derive(Default)]
struct TestImages {
    names: Vec<String>,
    has_engine: bool,
}

impl Subtest for TestImages {
    fn needs_engine(&self) -> bool {
        true
    }

    fn initialize(&mut self, ctx: &mut Context) -> Outcome {
        protected::needs_an_engine(ctx)?;
        self.has_engine = true;
        Ok(())
    }

    fn postprocess(&mut self, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        list_images(ctx)?;
        if options.update_defaults_ini {
            protected::add(ctx.history(), &self.names)?;
        }
        Ok(())
    }

    fn cleanup(&mut self, ctx: &mut Context) -> Outcome {
        if !self.has_engine {
            return Ok(());
        }
        let place = ctx.place().ok();
        Inventory::take(&*ctx.api()?, place.as_ref(), ctx.history())?.keep(ctx.history())?;
        Ok(())
    }
}

/// Writes the images of the engine into the results.
fn list_images(ctx: &Context) -> Outcome {
    let mut lines = Vec::new();
    for image in ctx.api()?.images()? {
        let names = if image.repo_tags.is_empty() { vec!["<none>".to_owned()] } else { image.repo_tags };
        for name in names {
            lines.push(format!("{name} {} created={} size={}\n", image.id, image.created, image.size));
        }
    }
    lines.sort();
    let folder = ctx.history().results.join("sysinfo");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("docker_images"), lines.concat())?;
    ctx.debug(format!("the images:\n{}", lines.concat()));
    Ok(())
}

/// The command has brought the image, whatever it said.
fn must_be_there(ctx: &Context, name: &str, command: &str) -> Outcome {
    if ctx.api()?.image(name)?.is_some() {
        return Ok(());
    }
    let evidence = Evidence {
        command: Some(command.to_owned()),
        expected: Some(format!("an image {name} in the engine")),
        seen: Some("none of that name".to_owned()),
        ..Evidence::default()
    };
    Err(CheckFailed::new(format!("the image {name} is not there after the command that brings it"), evidence).into())
}

#[derive(Default)]
struct Puller;

impl SubSubtest<TestImages> for Puller {
    fn run_once(&mut self, images: &mut TestImages, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let test_image = ctx.test_image_name();
        // Named before they are there: a pull that fails half-way is no reason to remove what it brought.
        images.names.push(test_image.clone());
        images.names.extend(options.extra_fqins_csv.iter().cloned());
        if options.pull_test_image {
            pull(ctx, &test_image, options.always_pull)?;
        } else {
            ctx.image()?;
        }
        for name in &options.extra_fqins_csv {
            pull(ctx, name, options.always_pull)?;
        }
        Ok(())
    }
}

fn pull(ctx: &Context, name: &str, always: bool) -> Outcome {
    if !always && ctx.api()?.image(name)?.is_some() {
        ctx.info(format!("the image {name} is there"));
        return Ok(());
    }
    let seen = ctx.docker(["pull", name]).must_pass()?;
    must_be_there(ctx, name, &seen.command)
}

#[derive(Default)]
struct Builder;

impl SubSubtest<TestImages> for Builder {
    fn run_once(&mut self, images: &mut TestImages, ctx: &mut Context) -> Outcome {
        let options: Options = ctx.config()?;
        let (name, source) = (options.build_name.trim(), options.build_dockerfile.trim());
        if name.is_empty() || source.is_empty() {
            ctx.info("`build_name` and `build_dockerfile` are not both set: nothing is built");
            return Ok(());
        }
        images.names.push(name.to_owned());
        let mut words = vec!["build".to_owned()];
        words.extend(options.build_opts_csv);
        words.extend(["-t", name, source].map(str::to_owned));
        let seen = ctx.docker(words).must_pass()?;
        must_be_there(ctx, name, &seen.command)
    }
}

dockertest::subtest!(
    TestImages,
    "Brings the images that subtests need, and protects them.",
    sequential { puller: Puller, builder: Builder }
);
