L0:
(W)     mov (8|M0)               r3.0<1>:ud    r0.0<1;1,0>:ud                  
(W)     or (1|M0)                cr0.0<1>:ud   cr0.0<0;1,0>:ud   0x4C0:uw              {@1}
(W)     mul (1|M0)               acc0.0<1>:d   r8.0<0;1,0>:d     r3.2<0;1,0>:uw   {Compacted,@1}
(W)     mach (1|M0)              r4.0<1>:d     r8.0<0;1,0>:d     r3.1<0;1,0>:d    {Compacted}
(W)     add (1|M0)               r4.1<1>:d     r9.1<0;1,0>:d     1073741823:d              
        add (16|M0)              r5.0<1>:d     r4.0<0;1,0>:d     r1.0<16;16,1>:uw {@2}
        add (16|M16)             r10.0<1>:d    r4.0<0;1,0>:d     r2.0<16;16,1>:uw
        add (16|M0)              r12.0<1>:d    r5.0<8;8,1>:d     r7.0<0;1,0>:d    {Compacted,@2}
        add (16|M16)             r14.0<1>:d    r10.0<8;8,1>:d    r7.0<0;1,0>:d    {Compacted,@2}
        and (16|M0)              r16.0<1>:d    r12.0<8;8,1>:d    r4.1<0;1,0>:d    {Compacted,@2}
        and (16|M16)             r18.0<1>:d    r14.0<8;8,1>:d    r4.1<0;1,0>:d    {Compacted,@2}
        shl (16|M0)              r16.0<1>:d    r16.0<8;8,1>:d    2:w               {Compacted,@2}
        shl (16|M16)             r18.0<1>:d    r18.0<8;8,1>:d    2:w               {Compacted,@2}
        send.dc1 (16|M0)         r20      r16     null    0x0            0x04205E01           {@2,$0} // wr:2+0, rd:2; untyped surface read with x
        send.dc1 (16|M16)        r22      r18     null    0x0            0x04205E01           {@1,$1} // wr:2+0, rd:2; untyped surface read with x
        shl (16|M0)              r24.0<1>:d    r12.0<8;8,1>:d    2:w               {Compacted}
        shl (16|M16)             r26.0<1>:d    r14.0<8;8,1>:d    2:w               {Compacted}
        add (16|M0)              r24.0<1>:d    r24.0<8;8,1>:d    r9.0<0;1,0>:d    {Compacted,@2}
        add (16|M16)             r26.0<1>:d    r26.0<8;8,1>:d    r9.0<0;1,0>:d    {Compacted,@2}
(W)     mov (8|M0)               r127.0<1>:f   r3.0<8;8,1>:f                    {Compacted}
        send.dc1 (16|M0)         null     r24     r20     0x80            0x04025E00           {@3,$0} // wr:2+2, rd:0; untyped surface write with x
        send.dc1 (16|M16)        null     r26     r22     0x80            0x04025E00           {@2,$1} // wr:2+2, rd:0; untyped surface write with x
(W)     send.dc0 (8|M0)          r28      r3      null    0x0            0x0219E000           {$2} // wr:1h+0, rd:1; synchronized global fence flushing
(W)     mov (8|M0)               null<1>:ud    r28.0<8;8,1>:ud                  {$2.dst}
(W)     mov (16|M0)              acc0.0<1>:f   0.0:f                              
(W)     send.ts (1|M0)           null     r127    null    0x0            0x02000010           {EOT,@1} // wr:1+0, rd:0; end of thread
L312:
