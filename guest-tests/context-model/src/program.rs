//! Random programs.

use std::fmt;

use crate::call::{Call, Caller, Engine, Extension, Link, NO_ENGINE, Set, Slices, Value, param};
use crate::random::Random;

/// How large programs are.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Threads at most; at least two.
    pub threads: u64,
    /// Calls that each thread makes at most.
    pub calls: u64,
    /// Whether a submission may be told to fail for want of memory.
    pub failures: bool,
}

/// Calls on a file that was just opened.
#[derive(Clone, Debug)]
pub struct Program {
    /// What the random choices began with.
    pub seed: u64,
    /// Made one after the other, before the threads begin.
    pub prologue: Vec<Call>,
    /// Made by threads at once: each thread's caller, and its calls.
    pub threads: Vec<(Caller, Vec<Call>)>,
    /// Made one after the other when the threads are done: looks at all there is.
    pub epilogue: Vec<Call>,
}

/// The caller of prologue and epilogue.
pub(crate) const ROOT: Caller = Caller { privileged: true };

/// Ids that calls are made on: the default context, those that are likely to be there,
/// one that hardly is.
const CONTEXTS: [(u64, u32); 6] = [(1, 0), (6, 1), (5, 2), (3, 3), (1, 4), (1, 77)];
const VMS: [(u64, u32); 5] = [(1, 0), (6, 1), (4, 2), (2, 3), (1, 77)];

impl Program {
    /// The caller of the calls that are not a thread's.
    pub const ROOT: Caller = ROOT;

    /// The program of a seed.
    pub fn new(seed: u64, shape: &Shape) -> Self {
        let mut source = Source {
            random: Random::new(seed),
            failures: shape.failures,
        };
        let random = &mut source.random;
        let threads = 2 + random.below(shape.threads - 1);
        let begin = random.below(5);
        // About one program in four has its file closed while it is used.
        let closer = random.once_in(4).then(|| random.below(threads));
        let prologue = (0..begin).map(|_| source.preparing()).collect();
        let threads = (0..threads).map(|thread| {
            let privileged = !source.random.once_in(4);
            let count = 1 + source.random.below(shape.calls);
            let mut calls: Vec<Call> = (0..count).map(|_| source.call()).collect();
            if closer == Some(thread) {
                let place = source.random.below(count + 1) as usize;
                calls.insert(place, Call::Close);
                calls.truncate(shape.calls.max(2) as usize);
            }
            (Caller { privileged }, calls)
        });
        Self {
            seed,
            prologue,
            threads: threads.collect(),
            epilogue: epilogue(),
        }
    }

    /// How many calls it makes.
    pub fn len(&self) -> usize {
        let threads: usize = self.threads.iter().map(|(_, calls)| calls.len()).sum();
        self.prologue.len() + threads + self.epilogue.len()
    }

    /// Whether it makes no calls.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "program {:#x}", self.seed)?;
        for call in &self.prologue {
            writeln!(f, "  first     {call:?}")?;
        }
        for (index, (caller, calls)) in self.threads.iter().enumerate() {
            for call in calls {
                let privileged = caller.privileged;
                writeln!(
                    f,
                    "  thread {index}{} {call:?}",
                    if privileged { "#" } else { "$" }
                )?;
            }
        }
        Ok(())
    }
}

/// Looks at every context. What tells a proto-context from a context comes first, as all
/// else is a use.
fn epilogue() -> Vec<Call> {
    let number = |param, value| Set {
        param,
        size: 0,
        value: Value::Number(value),
    };
    let mut calls = Vec::new();
    for context in 0..5 {
        let set = number(param::PROTECTED_CONTENT, 0);
        calls.push(Call::Set { context, set });
        for engine in [0, 1] {
            calls.push(Call::Submit {
                context,
                engine,
                no_memory: false,
            });
        }
        for param in [
            param::NO_ERROR_CAPTURE,
            param::BANNABLE,
            param::RECOVERABLE,
            param::PERSISTENCE,
            param::PRIORITY,
        ] {
            calls.push(Call::Get { context, param });
        }
        for by_index in [false, true] {
            calls.push(Call::GetSlices {
                context,
                engine: (0, 0),
                by_index,
            });
        }
    }
    calls.extend((1..4).map(|vm| Call::DestroyVm { vm }));
    calls
}

struct Source {
    random: Random,
    failures: bool,
}

impl Source {
    /// A call that makes things for others to act on.
    fn preparing(&mut self) -> Call {
        match self.random.below(6) {
            0 | 1 => Call::CreateVm {
                bind_mode: self.random.once_in(3),
            },
            2 => self.set_call(),
            _ => self.create(),
        }
    }

    fn call(&mut self) -> Call {
        let context = self.random.weighted(&CONTEXTS);
        match self.random.below(20) {
            0..=2 => self.create(),
            3..=7 => self.set_call(),
            8..=9 => Call::Get {
                context,
                param: self.any_param(),
            },
            10 => Call::GetSlices {
                context,
                engine: (0, self.random.below(2) as u16),
                by_index: self.random.once_in(2),
            },
            11..=14 => Call::Submit {
                context,
                engine: self
                    .random
                    .weighted(&[(6, 0), (3, 1), (1, 2), (1, 4), (1, 5)]),
                no_memory: self.failures && self.random.once_in(4),
            },
            15 => Call::ResetStats { context },
            16..=17 => Call::Destroy { context },
            18 => Call::CreateVm {
                bind_mode: self.random.once_in(3),
            },
            _ => Call::DestroyVm {
                vm: self.random.weighted(&VMS),
            },
        }
    }

    fn create(&mut self) -> Call {
        // SINGLE_TIMELINE, and sometimes a flag that nobody knows.
        let flags = self.random.weighted(&[(8, 0), (3, 2), (1, 4)]);
        let length = self
            .random
            .weighted(&[(3, 0), (3, 1), (2, 2), (1, 3), (1, 4)]);
        let chain = (0..length).map(|_| self.link()).collect();
        Call::Create { flags, chain }
    }

    fn link(&mut self) -> Link {
        let set = self.set();
        match self.random.below(24) {
            0 => Link::SetOther(set),
            1 => Link::Clone,
            _ => Link::Set(set),
        }
    }

    fn set_call(&mut self) -> Call {
        Call::Set {
            context: self.random.weighted(&CONTEXTS),
            set: self.set(),
        }
    }

    fn any_param(&mut self) -> u64 {
        let param = self.random.below(0x11);
        // Slices have a call of their own.
        if param == param::SSEU {
            param::VM
        } else {
            param
        }
    }

    fn set(&mut self) -> Set {
        let random = &mut self.random;
        let param = random.weighted(&[
            (2, param::NO_ERROR_CAPTURE),
            (2, param::BANNABLE),
            (3, param::RECOVERABLE),
            (2, param::PERSISTENCE),
            (3, param::PRIORITY),
            (3, param::VM),
            (4, param::ENGINES),
            (2, param::SSEU),
            (1, param::PROTECTED_CONTENT),
            (1, 0),
        ]);
        let (size, value) = match param {
            param::ENGINES => return self.set_engines(),
            param::SSEU => return self.set_slices(),
            0 => {
                let refused = [
                    param::BAN_PERIOD,
                    param::NO_ZEROMAP,
                    param::GTT_SIZE,
                    param::RINGSIZE,
                    param::LOW_LATENCY,
                    param::CONTEXT_IMAGE,
                    0x10,
                    u64::MAX,
                ];
                let (param, value) = (random.pick(&refused), Value::Number(random.below(2)));
                return Set {
                    param,
                    size: 0,
                    value,
                };
            }
            param::VM => {
                let id = random.weighted(&VMS).into();
                (0, if random.once_in(16) { id | 1 << 32 } else { id })
            }
            param::PRIORITY => {
                let priority = random.pick(&[-1024_i64, -1023, -5, 0, 3, 7, 1023, 1024]);
                (0, priority.cast_unsigned())
            }
            _ => (0, random.pick(&[0, 1, 1, 1 << 40])),
        };
        let size = if random.once_in(16) { 8 } else { size };
        Set {
            param,
            size,
            value: Value::Number(value),
        }
    }

    fn engine(&mut self) -> Engine {
        let random = &mut self.random;
        random.weighted(&[
            (4, (0, 0)),
            (2, (1, 0)),
            (3, (2, 0)),
            (3, (2, 1)),
            (1, (3, 0)),
            (3, NO_ENGINE),
        ])
    }

    fn set_engines(&mut self) -> Set {
        let count = self.random.below(4);
        let mut entries: Vec<Engine> = (0..count).map(|_| self.engine()).collect();
        let mut extensions = Vec::new();
        while self.random.once_in(3) && extensions.len() < 2 {
            extensions.push(self.extension());
        }
        if self.random.once_in(12) {
            entries.push((9, 0));
        }
        let whole = 8 + 4 * entries.len() as u32;
        let size = self
            .random
            .weighted(&[(24, whole), (1, whole + 2), (1, 4), (1, 8 + 4 * 65)]);
        Set {
            param: param::ENGINES,
            size,
            value: Value::Engines(entries, extensions),
        }
    }

    fn extension(&mut self) -> Extension {
        if self.random.once_in(10) {
            return Extension::Unknown;
        }
        let slot = self.random.below(3) as u16;
        let count = self.random.below(4);
        let sibling = |random: &mut Random| {
            random.weighted(&[(4, (2, 0)), (4, (2, 1)), (1, (1, 0)), (1, (2, 7))])
        };
        let siblings = (0..count).map(|_| sibling(&mut self.random)).collect();
        Extension::Balance { slot, siblings }
    }

    fn set_slices(&mut self) -> Set {
        let random = &mut self.random;
        let units = random.weighted(&[(8, (8, 8)), (1, (4, 8)), (1, (8, 16))]);
        let value = Value::Slices(Slices {
            engine: (random.weighted(&[(4, 0), (1, 1)]), random.below(2) as u16),
            by_index: random.once_in(2),
            slices: random.weighted(&[(8, 1), (1, 3)]),
            subslices: random.pick(&[0xff, 0x0f, 0xf0, 0x07, 0x1ff]),
            units,
        });
        let size = random.weighted(&[(12, 32), (1, 31), (1, 40)]);
        Set {
            param: param::SSEU,
            size,
            value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        threads: 3,
        calls: 4,
        failures: true,
    };

    #[test]
    fn a_seed_is_a_program() {
        let text = |seed| Program::new(seed, &SHAPE).to_string();
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
    }

    #[test]
    fn programs_have_what_is_asked_for() {
        let mut closed = 0;
        for seed in 0..1000 {
            let program = Program::new(seed, &SHAPE);
            assert!((2..=3).contains(&program.threads.len()));
            for (_, calls) in &program.threads {
                assert!((1..=4).contains(&calls.len()), "{program}");
                closed += usize::from(calls.contains(&Call::Close));
            }
        }
        assert!(
            (100..400).contains(&closed),
            "{closed} of 1000 close the file"
        );
    }
}
