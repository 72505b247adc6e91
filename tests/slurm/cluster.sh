#!/usr/bin/env bash
# A real SLURM cluster of one node with two pretend GPUs and accounting, for tests. Run as root.
#
#   cluster.sh check     exit 0 if the programs are there, else name the Debian packages
#   cluster.sh up        start it (does nothing where it is up already)
#   cluster.sh status    exit 0 if it is up
#   cluster.sh down      stop what `up` started
#   cluster.sh wipe      stop it and delete its configuration, state and logs
#
# All of it lives in $SLURM_CLUSTER_DIR (default /var/tmp/lottery-slurm), except for
# /etc/slurm/slurm.conf, a link to it while it is up: jobs cannot be told another place, since
# Snakemake's plugin removes SLURM_CONF from their environment. A configuration that is already
# there is left alone, and `up` refuses.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
run=${SLURM_CLUSTER_DIR:-/var/tmp/lottery-slurm}
link=/etc/slurm/slurm.conf
host=$(hostname -s)
export SLURM_CONF=$run/slurm.conf              # the daemons find gres.conf and slurmdbd.conf beside it
export MYSQL_UNIX_PORT=$run/mariadb/socket     # our own MariaDB, whatever else the machine runs
export PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "cluster.sh: $*" >&2
  exit 1
}

check() {
  local missing=() pair
  for pair in slurmctld:slurm-wlm slurmd:slurm-wlm munged:munge slurmdbd:slurmdbd \
    mariadbd:mariadb-server; do
    [[ -n $(command -v "${pair%%:*}") || " ${missing[*]} " == *" ${pair##*:} "* ]] ||
      missing+=("${pair##*:}")
  done
  ((${#missing[@]} == 0)) || fail "missing Debian packages: ${missing[*]}"
  [[ $(id -u) == 0 ]] || fail "must run as root"
}

running() { # NAME: is the daemon of $run/NAME.pid alive?
  [[ -f $run/$1.pid ]] && [[ $(ps -o comm= -p "$(<"$run/$1.pid")") == "$1" ]]
}

wait_for() { # COMMAND...: until it succeeds, 30 s at most
  for _ in {1..150}; do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  fail "no success within 30 s: $* (logs: $run/*.log)"
}

configure() {
  [[ ! -e $link && ! -L $link || $(readlink "$link") == "$SLURM_CONF" ]] ||
    fail "$link is there already: this machine belongs to another cluster"
  mkdir -p "$run"/{mariadb,slurmctld,slurmd} "$(dirname "$link")"
  chmod 755 "$run"
  local name
  for name in slurm.conf slurmdbd.conf; do
    sed "s|@HOST@|$host|g; s|@RUN@|$run|g" "$here/$name.in" >"$run/$name"
  done
  chmod 600 "$run/slurmdbd.conf"
  ln -sfn "$SLURM_CONF" "$link"

  # SLURM wants a device for each GPU. These two are on every machine, and nobody opens them here.
  for name in /dev/null /dev/zero; do
    echo "NodeName=$host Name=gpu File=$name Flags=nvidia_gpu_env"
  done >"$run/gres.conf"
}

start_munge() { # at its default socket: sacct knows no other. A munge that runs already will do.
  munge -n >/dev/null 2>&1 && return
  [[ -f $run/munge.key ]] || (umask 077 && head -c 128 /dev/urandom >"$run/munge.key")
  mkdir -p /run/munge
  munged --force --key-file="$run/munge.key" --pid-file="$run/munged.pid" \
    --log-file="$run/munged.log" --seed-file="$run/munged.seed"
  wait_for munge -n
}

start_accounting() {
  if ! running mariadbd; then
    [[ -d $run/mariadb/mysql ]] ||
      mariadb-install-db --no-defaults --user=root --datadir="$run/mariadb" \
        --auth-root-authentication-method=socket >"$run/mariadb-install.log" 2>&1
    setsid mariadbd --no-defaults --user=root --datadir="$run/mariadb" --socket="$MYSQL_UNIX_PORT" \
      --skip-networking --innodb-buffer-pool-size=64M --innodb-log-file-size=16M \
      --pid-file="$run/mariadbd.pid" >"$run/mariadbd.log" 2>&1 </dev/null &
    wait_for mariadb-admin --no-defaults --socket="$MYSQL_UNIX_PORT" ping
  fi
  running slurmdbd || slurmdbd
  wait_for sacctmgr -n list cluster
  # -i: no questions. Adding again what is there is no error worth a stop.
  sacctmgr -iQ add cluster lottery >/dev/null || true
  sacctmgr -iQ add account lab cluster=lottery >/dev/null || true
  sacctmgr -iQ add user "$(id -un)" account=lab defaultaccount=lab >/dev/null || true
}

status() {
  running slurmctld && running slurmd && running slurmdbd &&
    [[ $(sinfo -h -o %T) =~ ^(idle|mixed|allocated)$ ]]
}

up() {
  check
  status && return
  configure
  start_munge
  start_accounting
  running slurmctld || slurmctld
  running slurmd || slurmd
  wait_for status
  sinfo -o '%P %N %T %c %m %G'
}

down() {
  local name pid
  for name in slurmd slurmctld slurmdbd mariadbd munged; do
    running "$name" || continue
    pid=$(<"$run/$name.pid")
    kill "$pid"
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
  [[ $(readlink "$link") != "$SLURM_CONF" ]] || rm "$link"
}

case ${1:-} in
check | up | status | down) "$1" ;;
wipe) down && rm -rf "$run" ;;
*) fail "usage: cluster.sh check|up|status|down|wipe" ;;
esac
