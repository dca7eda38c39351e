/** Makes SSH host keys at the first start of a system that was captured without any, and then removes itself. */
export const sshKeysUnitPath = '/etc/systemd/system/bootwright-ssh-keys.service';
export const sshKeysWantedBy = '/etc/systemd/system/multi-user.target.wants/bootwright-ssh-keys.service';

export const sshKeysUnit = `[Unit]
Description=Makes the SSH host keys of this machine
ConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key
After=local-fs.target systemd-random-seed.service
Before=ssh.service sshd.service ssh.socket sshd.socket

[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
ExecStartPost=/bin/rm -f ${sshKeysWantedBy} ${sshKeysUnitPath}

[Install]
WantedBy=multi-user.target
`;
