//! The disk of the database fills up while the binary works, and is emptied again (S2).

use std::{
    fs::{self, File},
    io::Write as _,
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use super::{Attack, dice::Dice, engine::Engine, town::Town};

/// The size of the disk; what a campaign leaves in the journal of the database fits several times.
const DISK: &str = "size=96m";

/// Fills up the disk, again and again.
pub(crate) struct DiskFull {
    mounted: bool,
}

impl DiskFull {
    pub(crate) fn new() -> Result<Self> {
        let user = Command::new("id").arg("-u").output()?.stdout;
        ensure!(user.trim_ascii() == b"0", "disk-full mounts a small tmpfs, which only root may; run it with sudo");
        Ok(Self { mounted: false })
    }
}

impl Attack for DiskFull {
    fn prepare(&mut self, town: &Town) -> Result<()> {
        let mut mount = Command::new("mount");
        system(mount.args(["-t", "tmpfs", "-o", DISK, "ringback-campaign"]).arg(town.path("data")))?;
        self.mounted = true;
        Ok(())
    }

    fn round(&mut self, town: &mut Town, dice: &mut Dice) -> Result<Option<&'static str>> {
        let engine = live(town.run()?, dice)?;
        fill(town)?;
        let engine = live(engine, dice)?;
        // Sometimes it is started on a disk that is full already.
        let engine = if dice.one_in(3) { restarted(engine, town, dice)? } else { engine };
        self.relent(town)?;
        let life = live(engine, dice)?.kill()?;
        let stage = town.note(&life);
        Ok(if life.ended.is_some() { Some("start-up") } else { stage.filter(|_| !town.told.troubles.is_empty()) })
    }

    fn relent(&mut self, town: &Town) -> Result<()> {
        let balloon = town.path("data").join("balloon");
        if balloon.exists() {
            fs::remove_file(balloon)?;
        }
        Ok(())
    }

    /// What was on the disk is copied into the folder, in case that it is evidence.
    fn leave(&mut self, town: &Town) -> Result<()> {
        if std::mem::take(&mut self.mounted) {
            self.relent(town)?;
            system(Command::new("cp").arg("-a").arg(town.path("data")).arg(town.path("disk")))?;
            system(Command::new("umount").arg(town.path("data")))?;
        }
        Ok(())
    }
}

fn live(mut engine: Engine, dice: &mut Dice) -> Result<Engine> {
    engine.live(Duration::from_millis(dice.between(20, 350)))?;
    Ok(engine)
}

fn restarted(engine: Engine, town: &Town, dice: &mut Dice) -> Result<Engine> {
    drop(engine.kill()?);
    live(town.run()?, dice)
}

/// Leaves no free byte.
fn fill(town: &Town) -> Result<()> {
    let mut balloon = File::create(town.path("data").join("balloon"))?;
    for piece in [1 << 16, 1 << 10, 1] {
        while balloon.write_all(&vec![0; piece]).is_ok() {}
    }
    Ok(())
}

fn system(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?} cannot be started"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
