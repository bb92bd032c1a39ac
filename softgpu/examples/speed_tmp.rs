#![allow(clippy::unwrap_used, missing_docs)]
use softgpu::*; use std::sync::{Arc,mpsc}; use std::time::Instant;
struct S(mpsc::Sender<Completion>); impl CompletionSink for S { fn completed(&self,c:Completion){let _=self.0.send(c);} fn hung(&self,r:HangReport){println!("{r}");} }
fn main(){
 let m=Memory::owned(0,0x800_0000).unwrap(); let (tx,rx)=mpsc::channel();
 let g=Gpu::new(GpuConfig{platform:Platform::TGL,memory:m.clone(),strict:true,sink:Arc::new(S(tx))}).unwrap();
 g.create_address_space(AddressSpaceId(1),TimelineId(1)).unwrap();
 g.create_context(ContextId(1),ContextDescription{address_space:AddressSpaceId(1),priority:0,recoverable:false,slots:vec![EngineSlot{class:EngineClass::Copy,instances:1,timeline:TimelineId(2)}]}).unwrap();
 g.bind(Bind{address_space:AddressSpaceId(1),va:0,length:0x800_0000,extents:vec![Extent{address:0,length:0x800_0000}],read_only:false,null:false,waits:vec![],signal:1}).unwrap(); rx.recv().unwrap();
 let mut n=0; let mut run=|name:&str,batch:&[u32],work:f64|{ for (i,d) in batch.iter().enumerate(){m.write_u32(0x10_0000+i as u64*4,*d).unwrap();}
  let mut best=f64::MAX; for _ in 0..5 { n+=1; let t=Instant::now(); g.submit(Submission{context:ContextId(1),slot:0,batch:0x10_0000,waits:vec![],signal:n}).unwrap(); assert_eq!(rx.recv().unwrap().outcome,Outcome::Completed); best=best.min(t.elapsed().as_secs_f64()); }
  println!("{name}: {:.1} M/s ({:.1} us)",work/best/1e6,best*1e6); };
 run("empty",&[0x0500_0000],1.);
 let mut b=vec![0u32;4_000_000]; b.push(0x0500_0000); run("noop dwords",&b,4e6);
 let mut b=vec![]; for _ in 0..500_000 { b.extend([0x1000_0002,0x8000,0,1]); } b.push(0x0500_0000); run("sdi",&b,5e5);
 for (name,h,p) in [("linear",0u32,8192u32),("lin->X",1<<13,2048),("lin->Y",2<<13,2048),("X->lin",1<<20,8192),("Y->lin",2<<20,8192)] {
  let sp= if h>>20&3!=0 {2048} else {8192};
  run(&format!("fast copy 16MiB {name} MB"),&[0x5080_0008|h,0x0300_0000|p,0,0x0800_0800,0x200_0000,0,0,sp,0x400_0000,0,0x0500_0000],16.0*1048576.);
 }
 run("fill",&[0x5430_0005,0x03f0_2000,0,0x0800_0800,0x200_0000,0,0x0101_0101,0x0500_0000],16.*1048576.);
 run("fill 32",&[0x5430_0005,0x03f0_2000,0,0x0800_0800,0x200_0000,0,0x01020304,0x0500_0000],16.*1048576.);
 let a=vec![1u8;16<<20]; let mut c=vec![0u8;16<<20]; let mut best=f64::MAX; for _ in 0..5 {let t=Instant::now(); c.copy_from_slice(&a); std::hint::black_box(&c); best=best.min(t.elapsed().as_secs_f64());} println!("memcpy {:.1} MB/s",16.777/best);
}
