L0:
(W)     mov (8|M0)               r3.0<1>:ud    r0.0<1;1,0>:ud                  
(W)     or (1|M0)                cr0.0<1>:ud   cr0.0<0;1,0>:ud   0x4C0:uw              {@1}
(W)     mul (1|M0)               acc0.0<1>:d   r8.0<0;1,0>:d     r3.2<0;1,0>:uw   {Compacted,@1}
(W)     mach (1|M0)              r4.0<1>:d     r8.0<0;1,0>:d     r3.1<0;1,0>:d    {Compacted}
(W)     and (1|M0)               r4.2<1>:d     r9.0<0;1,0>:d     -4:w               {Compacted}
        add (16|M0)              r5.0<1>:d     r4.0<0;1,0>:d     r1.0<16;16,1>:uw {@2}
        add (16|M16)             r10.0<1>:d    r4.0<0;1,0>:d     r2.0<16;16,1>:uw
        add (16|M0)              r5.0<1>:d     r5.0<8;8,1>:d     r7.0<0;1,0>:d    {Compacted,@2}
        add (16|M16)             r10.0<1>:d    r10.0<8;8,1>:d    r7.0<0;1,0>:d    {Compacted,@2}
        shl (16|M0)              r5.0<1>:d     r5.0<8;8,1>:d     2:w               {Compacted,@2}
        shl (16|M16)             r10.0<1>:d    r10.0<8;8,1>:d    2:w               {Compacted,@2}
        shl (16|M0)              r5.0<1>:d     r5.0<8;8,1>:d     2:w               {Compacted,@2}
        shl (16|M16)             r10.0<1>:d    r10.0<8;8,1>:d    2:w               {Compacted,@2}
        add (16|M0)              r12.0<1>:d    r4.2<0;1,0>:d     r5.0<8;8,1>:d    {Compacted,@2}
        add (16|M16)             r14.0<1>:d    r4.2<0;1,0>:d     r10.0<8;8,1>:d   {Compacted,@2}
        send.dc1 (16|M0)         r16      r12     null    0x0            0x04805000           {@2,$0} // wr:2+0, rd:8; untyped surface read with xyzw
        send.dc1 (16|M16)        r24      r14     null    0x0            0x04805000           {@1,$1} // wr:2+0, rd:8; untyped surface read with xyzw
(W)     and (1|M0)               r4.1<1>:d     r9.1<0;1,0>:d     -4:w               {Compacted}
(W)     mov (8|M0)               r127.0<1>:f   r3.0<8;8,1>:f                    {Compacted}
        add (16|M0)              r5.0<1>:d     r4.1<0;1,0>:d     r5.0<8;8,1>:d    {Compacted,@2}
        add (16|M16)             r10.0<1>:d    r4.1<0;1,0>:d     r10.0<8;8,1>:d   {Compacted}
        send.dc1 (16|M0)         null     r5      r16     0x200            0x04025001           {@2,$0} // wr:2+8, rd:0; untyped surface write with xyzw
        send.dc1 (16|M16)        null     r10     r24     0x200            0x04025001           {@1,$1} // wr:2+8, rd:0; untyped surface write with xyzw
(W)     send.dc0 (8|M0)          r32      r3      null    0x0            0x0219E000           {$2} // wr:1h+0, rd:1; synchronized global fence flushing
(W)     mov (8|M0)               null<1>:ud    r32.0<8;8,1>:ud                  {$2.dst}
(W)     mov (16|M0)              acc0.0<1>:f   0.0:f                              
(W)     send.ts (1|M0)           null     r127    null    0x0            0x02000010           {EOT,@1} // wr:1+0, rd:0; end of thread
L312:
