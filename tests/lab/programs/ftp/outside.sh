mkdir -p /run/empty /run/files
head -c 200000 /dev/urandom > /run/files/image
seq 20000 > /run/files/list
chmod 555 /run/files
cat > "$WORK/server.conf" <<END
listen=YES
listen_port=10021
background=NO
anonymous_enable=YES
no_anon_password=YES
anon_root=/run/files
secure_chroot_dir=/run/empty
seccomp_sandbox=NO
END
vsftpd "$WORK/server.conf" &
await hears_tcp 10021
ready
wait
