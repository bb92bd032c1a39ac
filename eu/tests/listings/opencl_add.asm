L0:
(W)     mov (8|M0)               r3.0<1>:ud    r0.0<1;1,0>:ud                  
(W)     or (1|M0)                cr0.0<1>:ud   cr0.0<0;1,0>:ud   0x4C0:uw              {@1}
(W)     mul (1|M0)               acc0.0<1>:d   r8.0<0;1,0>:d     r3.2<0;1,0>:uw   {Compacted,@1}
(W)     mach (1|M0)              r4.0<1>:d     r8.0<0;1,0>:d     r3.1<0;1,0>:d    {Compacted}
        add (16|M0)              r5.0<1>:d     r4.0<0;1,0>:d     r1.0<16;16,1>:uw {@1}
        add (16|M16)             r10.0<1>:d    r4.0<0;1,0>:d     r2.0<16;16,1>:uw
        add (16|M0)              r12.0<1>:d    r5.0<8;8,1>:d     r7.0<0;1,0>:d    {Compacted,@2}
        add (16|M16)             r14.0<1>:d    r10.0<8;8,1>:d    r7.0<0;1,0>:d    {Compacted,@2}
        cmp (16|M0)   (lt)f0.0   null<1>:d     r12.0<8;8,1>:ud   r9.2<0;1,0>:ud   {@2}
        cmp (16|M16)  (lt)f0.0   null<1>:d     r14.0<8;8,1>:ud   r9.2<0;1,0>:ud   {@2}
(W)     csel (4|M0)   (eq)f0.0   r1.0<1>:w     r1.0<4;1>:w       r1.0<4;1>:w       r1.0<1>:w       
(f0.0)  if (32|M0)                           L304                  L304                
L160:
        shl (16|M0)              r16.0<1>:d    r12.0<8;8,1>:d    2:w               {Compacted}
        shl (16|M16)             r18.0<1>:d    r14.0<8;8,1>:d    2:w               {Compacted}
        send.dc1 (16|M0)         r20      r16     null    0x0            0x04205E00           {@2,$0} // wr:2+0, rd:2; untyped surface read with x
        send.dc1 (16|M0)         r24      r16     null    0x0            0x04205E01           {$1} // wr:2+0, rd:2; untyped surface read with x
        send.dc1 (16|M16)        r22      r18     null    0x0            0x04205E00           {@1,$2} // wr:2+0, rd:2; untyped surface read with x
        send.dc1 (16|M16)        r26      r18     null    0x0            0x04205E01           {$3} // wr:2+0, rd:2; untyped surface read with x
        sync.nop                             null                             {Compacted,$1.dst}
        add (16|M0)              r20.0<1>:f    r20.0<8;8,1>:f    r24.0<8;8,1>:f   {Compacted,$0.dst}
        send.dc1 (16|M0)         null     r16     r20     0x80            0x04025E02           {@1,$4} // wr:2+2, rd:0; untyped surface write with x
        sync.nop                             null                             {Compacted,$3.dst}
        add (16|M16)             r22.0<1>:f    r22.0<8;8,1>:f    r26.0<8;8,1>:f   {Compacted,$2.dst}
        send.dc1 (16|M16)        null     r18     r22     0x80            0x04025E02           {@1,$5} // wr:2+2, rd:0; untyped surface write with x
L304:
        endif (32|M0)                        L320                                
L320:
(W)     mov (8|M0)               r127.0<1>:f   r3.0<8;8,1>:f                    {Compacted}
(W)     send.dc0 (8|M0)          r28      r3      null    0x0            0x0219E000           {$6} // wr:1h+0, rd:1; synchronized global fence flushing
(W)     mov (8|M0)               null<1>:ud    r28.0<8;8,1>:ud                  {$6.dst}
(W)     mov (16|M0)              acc0.0<1>:f   0.0:f                              
(W)     send.ts (1|M0)           null     r127    null    0x0            0x02000010           {EOT,@1} // wr:1+0, rd:0; end of thread
L392:
