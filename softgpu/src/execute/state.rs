//! State for units that the model does not have, kept as the context image would keep it:
//! the last command of each kind, for whoever executes the work that needs it or wants to
//! know what a hung context was about. May know the command table, and no unit.

use crate::command::Command;

/// Most dwords of one command that are kept. The longest that a driver has a use for,
/// 3DSTATE_SO_DECL_LIST, has 258.
const MOST_OF_ONE: usize = 512;
/// Most dwords that are kept of all commands of a context on one engine. A full 3D pipeline
/// takes some 600.
const MOST: usize = 2048;

/// STATE_BASE_ADDRESS.
const STATE_BASE_ADDRESS: u32 = Key::StateBaseAddress as u32;
/// STATE_COMPUTE_MODE.
const STATE_COMPUTE_MODE: u32 = 0x6105_0000;
/// PIPELINE_SELECT.
const PIPELINE_SELECT: u32 = Key::PipelineSelect as u32;
/// 3DSTATE_VF_TOPOLOGY.
const VF_TOPOLOGY: u32 = 0x784b_0000;

/// Commands that work looks for, by the first dword's bits that tell them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Key {
    StateBaseAddress = 0x6101_0000,
    PipelineSelect = 0x6904_0000,
    VfeState = 0x7000_0000,
    CurbeLoad = 0x7001_0000,
    DescriptorLoad = 0x7002_0000,
    BindingTablePool = 0x7919_0000,
}

/// The fields of STATE_BASE_ADDRESS, as first dword and number of dwords: each has a bit 0
/// that says whether it counts. The sizes of the bindless bases go with their base.
const BASES: [(usize, usize); 11] = [
    (1, 2),
    (4, 2),
    (6, 2),
    (8, 2),
    (10, 2),
    (12, 1),
    (13, 1),
    (14, 1),
    (15, 1),
    (16, 3),
    (19, 3),
];

/// What a context has set on one engine.
#[derive(Debug, Default)]
pub(crate) struct StateRecord {
    /// By the first dword's bits that tell the command, in their order.
    commands: Vec<(u32, Box<[u32]>)>,
    /// Dwords in `commands`.
    dwords: usize,
    /// Commands for which there was no room.
    lost: u64,
    /// MI_TOPOLOGY_FILTER: the only topology that is drawn, or 0.
    topology_filter: u8,
}

impl StateRecord {
    /// How many dwords of a command that is `dwords` long it is worth to fetch.
    pub(crate) fn wanted(dwords: usize) -> usize {
        dwords.min(MOST_OF_ONE)
    }

    /// Keeps a command instead of the last of its kind. What the command does not change of
    /// that stays. If there is no room the last one is gone and none is kept.
    pub(crate) fn keep(&mut self, command: &Command, dwords: &[u32]) {
        let key = command.value;
        let found = self.commands.binary_search_by_key(&key, |(key, _)| *key);
        if let Ok(index) = found {
            let (_, old) = &mut self.commands[index];
            if old.len() == dwords.len() {
                merge(key, old, dwords);
                return;
            }
        }
        let mut new = Box::<[u32]>::from(dwords);
        let old = match found {
            Ok(index) => self.commands[index].1.len(),
            Err(_) => 0,
        };
        let others = self.dwords - old;
        if others + new.len() > MOST {
            self.lost += 1;
            if let Ok(index) = found {
                self.commands.remove(index);
                self.dwords = others;
            }
            return;
        }
        self.dwords = others + new.len();
        match found {
            Ok(index) => {
                let (_, kept) = &mut self.commands[index];
                // A shorter form leaves what it has no dwords for.
                let mut merged = kept.to_vec();
                merged.resize(new.len(), 0);
                merge(key, &mut merged, &new);
                new.copy_from_slice(&merged);
                *kept = new;
            }
            Err(index) => self.commands.insert(index, (key, new)),
        }
    }

    /// The last command of that kind.
    fn last(&self, key: u32) -> Option<&[u32]> {
        let found = self.commands.binary_search_by_key(&key, |(key, _)| *key);
        found.ok().map(|index| &*self.commands[index].1)
    }

    /// The first dwords of the last command of that kind; 0 where it had none, or there was none.
    pub(crate) fn dwords<const N: usize>(&self, key: Key) -> [u32; N] {
        let mut dwords = [0; N];
        for (to, from) in dwords
            .iter_mut()
            .zip(self.last(key as u32).unwrap_or_default())
        {
            *to = *from;
        }
        dwords
    }

    /// All that is kept, in the order of the opcodes.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &[u32]> {
        self.commands.iter().map(|(_, dwords)| &**dwords)
    }

    /// How many commands were not kept for want of room.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Sets the only topology to be drawn; 0 for all.
    pub(crate) fn set_topology_filter(&mut self, topology: u8) {
        self.topology_filter = topology;
    }

    /// Whether a draw is discarded for its topology.
    pub(crate) fn filters_draw(&self) -> bool {
        let topology = self
            .last(VF_TOPOLOGY)
            .and_then(|dwords| dwords.get(1))
            .map_or(0, |dword| dword & 0x3f);
        self.topology_filter != 0 && u32::from(self.topology_filter) != topology
    }
}

/// Makes `old` what it is after the command `new` of the same kind and length.
fn merge(key: u32, old: &mut [u32], new: &[u32]) {
    match key {
        STATE_BASE_ADDRESS => {
            for (dword, count) in BASES {
                let (Some(from), Some(to)) = (
                    new.get(dword..dword + count),
                    old.get_mut(dword..dword + count),
                ) else {
                    continue;
                };
                if from[0] & 1 != 0 {
                    to.copy_from_slice(from);
                }
            }
            // Of the stateless accesses: always counts.
            if let (Some(from), Some(to)) = (new.get(3), old.get_mut(3)) {
                *to = *from;
            }
            old[0] = new[0];
        }
        STATE_COMPUTE_MODE if new.len() > 1 => {
            let mask = new[1] >> 16;
            let value = old[1] & !mask | new[1] & mask;
            old.copy_from_slice(new);
            old[1] = new[1] & 0xffff_0000 | value & 0xffff;
        }
        PIPELINE_SELECT => {
            let mask = new[0] >> 8 & 0xff;
            let value = old[0] & !mask | new[0] & mask;
            old[0] = new[0] & !0xff | value & 0xff;
        }
        _ => old.copy_from_slice(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::lookup;
    use crate::platform::EngineClass;

    fn keep(record: &mut StateRecord, dwords: &[u32]) {
        let command = lookup(dwords[0], EngineClass::Render).unwrap();
        record.keep(command, dwords);
    }

    #[test]
    fn the_last_of_each_kind_is_kept() {
        let mut record = StateRecord::default();
        keep(&mut record, &[0x784b_0000, 4]);
        keep(&mut record, &[0x7808_0003, 1, 2, 3, 4]);
        keep(&mut record, &[0x784b_0000, 5]);
        let kept: Vec<_> = record.commands().map(<[u32]>::to_vec).collect();
        assert_eq!(kept, [vec![0x7808_0003, 1, 2, 3, 4], vec![0x784b_0000, 5]]);
        assert_eq!(record.lost(), 0);
    }

    #[test]
    fn what_a_command_does_not_change_stays() {
        let mut record = StateRecord::default();
        let mut bases = [0_u32; 22];
        bases[0] = 0x6101_0014;
        (bases[4], bases[5]) = (0x1001, 1);
        (bases[10], bases[11]) = (0x2001, 2);
        keep(&mut record, &bases);
        (bases[4], bases[5]) = (0x5000, 5);
        (bases[10], bases[11]) = (0x6001, 6);
        keep(&mut record, &bases);
        let kept = record.last(STATE_BASE_ADDRESS).unwrap();
        assert_eq!(kept[4..6], [0x1001, 1]);
        assert_eq!(kept[10..12], [0x6001, 6]);
        // As compute-runtime does it: 3D and clock gating, then compute, clock gating as it was.
        keep(&mut record, &[0x6904_1310]);
        keep(&mut record, &[0x6904_0302]);
        assert_eq!(record.last(PIPELINE_SELECT), Some(&[0x6904_0312][..]));
        keep(&mut record, &[0x6105_0000, 0x0018_0010]);
        keep(&mut record, &[0x6105_0000, 0x0008_0008]);
        assert_eq!(record.last(STATE_COMPUTE_MODE).unwrap()[1], 0x0008_0018);
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let mut record = StateRecord::default();
        let commands = crate::command::commands()
            .filter(|command| command.engines.contains(EngineClass::Render))
            .filter(|command| command.value >> 16 > 0x7800);
        let long = vec![0; MOST_OF_ONE];
        for command in commands {
            record.keep(command, &long);
        }
        let dwords = |record: &StateRecord| record.commands().map(<[u32]>::len).sum::<usize>();
        assert_eq!(dwords(&record), MOST);
        assert_eq!(record.dwords, MOST);
        assert!(record.lost() > 0);
        // One that doesn't fit any more replaces the old one by nothing; others have room then.
        let first = record.commands[0].0;
        let command = lookup(first, EngineClass::Render).unwrap();
        record.keep(command, &[0; 2]);
        assert_eq!(dwords(&record), MOST - MOST_OF_ONE + 2);
        record.keep(command, &vec![0; MOST_OF_ONE + 1]);
        assert_eq!(record.last(first), None);
        assert_eq!(record.dwords, dwords(&record));
    }
}
