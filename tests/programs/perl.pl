# SPDX-License-Identifier: GPL-2.0
#
# The cases of perl.sh: `perl perl.pl NAME...` runs case_NAME() and the others as subtests.

use strict;
use warnings;

use Errno qw(EACCES EEXIST EFAULT EIDRM EINVAL ENOENT);
use IPC::SharedMem;
use IPC::SysV qw(IPC_CREAT IPC_EXCL IPC_PRIVATE IPC_RMID IPC_SET IPC_STAT SHM_RDONLY SHM_LOCK
	SHM_UNLOCK ftok memread memwrite shmat shmdt);
use POSIX ();
use Test::More;

my $page = 4096;
my $pages = 300;		# the machine has 64 frames

# A page that looks like no other.
sub pattern
{
	my ($nr, $round) = @_;

	return substr(sprintf("page %06d round %06d. ", $nr, $round) x 200, 0, $page);
}

sub segment
{
	my $id = shmget(IPC_PRIVATE, $pages * $page, IPC_CREAT | 0600);

	defined $id or BAIL_OUT("shmget: $!");
	return $id;
}

sub removed
{
	my ($id) = @_;

	ok(shmctl($id, IPC_RMID, 0), 'IPC_RMID');
	ok(!shmread($id, my $buf, 0, 1), 'a removed segment cannot be read');
	ok($!{EINVAL} || $!{EIDRM}, "why: $!");
}

# In a child, whose failures are ours.
sub child
{
	my ($code) = @_;
	my $pid = fork() // BAIL_OUT("fork: $!");

	if (!$pid) {
		POSIX::_exit($code->() ? 0 : 1);
	}
	return $pid;
}

sub joined
{
	my ($what, @pids) = @_;

	for (@pids) {
		waitpid($_, 0);
		is($?, 0, $what);
	}
}

sub case_builtins_keep_every_page
{
	my $id = segment();
	my $buf;

	is(scalar(grep { !shmwrite($id, pattern($_, 1), $_ * $page, $page) } 0 .. $pages - 1), 0,
	   'shmwrite');
	is(scalar(grep { !shmread($id, $buf, $_ * $page, $page) || $buf ne pattern($_, 1) }
		  0 .. $pages - 1), 0, 'shmread');
	ok(shmread($id, $buf, 0, $pages * $page), 'all of it in one');
	ok($buf eq join('', map { pattern($_, 1) } 0 .. $pages - 1), 'is what was written');
	removed($id);
}

sub case_builtins_pad_and_check_bounds
{
	my $id = segment();
	my $size = $pages * $page;
	my $buf;

	ok(shmwrite($id, 'abc', $page - 2, 8), 'a short string, over the edge of a page');
	ok(shmread($id, $buf, $page - 2, 9), 'it can be read');
	is($buf, "abc\0\0\0\0\0\0", 'padded with zeros');
	ok(shmwrite($id, 'x' x 100, 10, 4), 'a long string');
	ok(shmread($id, $buf, 9, 6), 'it can be read');
	is($buf, "\0xxxx\0", 'is cut');
	ok(!shmread($id, $buf, $size - 1, 2), 'not behind the end');
	ok($!{EFAULT}, "why: $!");
	ok(!shmwrite($id, 'ab', $size - 1, 2), 'nor written');
	ok($!{EFAULT}, "why: $!");
	removed($id);
}

sub case_shmctl_reports_and_sets
{
	my $shm = IPC::SharedMem->new(IPC_PRIVATE, 12345, IPC_CREAT | 0640);
	my $before = time();
	my ($stat, $ds);

	$stat = $shm->stat;
	is($stat->segsz, 12345, 'size');
	is($stat->mode & 0777, 0640, 'mode');
	is($stat->nattch, 0, 'attaches');
	is($stat->cpid, $$, 'creator');
	is($stat->lpid, 0, 'last user');
	is($stat->atime, 0, 'no attach yet');
	cmp_ok(abs($stat->ctime - $before), '<=', 2, 'made now');
	is(join(' ', $stat->uid, $stat->gid, $stat->cuid, $stat->cgid), '0 0 0 0', 'owners');

	ok(shmctl($shm->id, IPC_STAT, $ds = ''), 'IPC_STAT');
	# struct shmid_ds: key, uid, gid, cuid, cgid, mode.
	substr($ds, 4, 8) = pack('LL', 65534, 65533);
	substr($ds, 20, 4) = pack('L', 0444);
	ok(shmctl($shm->id, IPC_SET, $ds), 'IPC_SET');
	$stat = $shm->stat;
	is(join(' ', $stat->uid, $stat->gid, $stat->cuid, $stat->cgid), '65534 65533 0 0',
	   'new owners');
	is($stat->mode & 0777, 0444, 'new mode');
	ok($shm->remove, 'remove');
}

sub case_an_object_attaches_reads_and_writes
{
	my $shm = IPC::SharedMem->new(IPC_PRIVATE, $pages * $page, IPC_CREAT | 0600);
	my $wrong = 0;

	ok(!defined $shm->addr, 'not attached');
	ok($shm->write('by the identifier', 7, 17), 'write');
	is($shm->read(7, 17), 'by the identifier', 'read');
	ok($shm->attach, 'attach');
	ok(!$shm->attach, 'once');
	is($shm->stat->nattch, 1, 'attaches');
	is($shm->stat->lpid, $$, 'last user');
	is($shm->read(7, 17), 'by the identifier', 'the same memory');
	$shm->write(pattern($_, 2), $_ * $page, $page) or $wrong++ for 0 .. $pages - 1;
	is($wrong, 0, 'pages that could not be written');
	$shm->read($_ * $page, $page) eq pattern($_, 2) or $wrong++ for 0 .. $pages - 1;
	is($wrong, 0, 'pages that are not as they were written');
	ok($shm->remove, 'remove');
	is($shm->stat->nattch, 1, 'lives as long as it is attached');
	is($shm->read(5 * $page, 11), 'page 000005', 'can be read');
	ok($shm->detach, 'detach');
	ok(!defined $shm->stat, 'is gone');
	ok($!{EINVAL} || $!{EIDRM}, "why: $!");
}

sub case_addresses_are_real
{
	my $id = segment();
	my ($first, $second, $buf) = (shmat($id, undef, 0), shmat($id, undef, SHM_RDONLY));

	ok(defined $first && defined $second, 'two attaches') or return;
	isnt($first, $second, 'at two addresses');
	ok(memwrite($first, 'through the first', $page, 17), 'memwrite');
	ok(memread($second, $buf, $page, 17), 'memread');
	is($buf, 'through the first', 'through the second');
	is(unpack('P17', pack('J', unpack('J', $second) + $page)), 'through the first',
	   'by a pointer of Perl');
	ok(defined shmdt($first), 'shmdt');
	ok(memread($second, $buf, $page, 17) && $buf eq 'through the first', 'the other stays');
	ok(!defined shmdt($first), 'not twice');
	ok($!{EINVAL}, "why: $!");
	ok(defined shmdt($second), 'shmdt');
	removed($id);
}

sub case_a_read_only_attach_cannot_be_written
{
	my $id = segment();
	my $at = shmat($id, undef, SHM_RDONLY);
	my $pid = fork() // BAIL_OUT("fork: $!");

	if (!$pid) {
		memwrite($at, 'x', 0, 1);
		POSIX::_exit(0);
	}
	waitpid($pid, 0);
	is($? & 127, POSIX::SIGSEGV(), 'the child that tried');
	ok(defined shmdt($at), 'shmdt');
	removed($id);
}

sub case_keys_find_segments
{
	my $key = ftok($0, 7);
	my $id = shmget($key, $page, IPC_CREAT | IPC_EXCL | 0600);
	my $buf;

	ok(defined $id, 'shmget') or return;
	is(shmget($key, 0, 0), $id, 'by its key');
	is(shmget($key, $page, IPC_CREAT | 0600), $id, 'IPC_CREAT');
	ok(!defined shmget($key, $page, IPC_CREAT | IPC_EXCL | 0600), 'IPC_EXCL');
	ok($!{EEXIST}, "why: $!");
	ok(!defined shmget($key, $page + 1, 0), 'larger than it is');
	ok($!{EINVAL}, "why: $!");
	joined('in a child', child(sub { shmwrite($id, 'child', 0, 5) }));
	ok(shmread($id, $buf, 0, 5) && $buf eq 'child', 'what the child wrote');
	removed($id);
	ok(!defined shmget($key, 0, 0), 'the key is free');
	ok($!{ENOENT}, "why: $!");
}

sub case_others_need_permission
{
	my $id = segment();

	joined('nobody is refused', child(sub {
		my $buf;

		$) = $( = 65534;
		$> = $< = 65534;
		return !shmread($id, $buf, 0, 1) && $!{EACCES};
	}));
	ok(shmctl($id, SHM_LOCK, 0), 'SHM_LOCK');
	ok(shmctl($id, SHM_UNLOCK, 0), 'SHM_UNLOCK');
	removed($id);
}

# Each writes pages of its own, again and again, and looks at those of the round before.
sub case_children_share_more_than_the_machine_has
{
	my $shm = IPC::SharedMem->new(IPC_PRIVATE, $pages * $page, IPC_CREAT | 0600);
	my ($children, $rounds, $wrong) = (4, 3, 0);

	ok($shm->attach, 'attach');
	joined('a child', map {
		my $nr = $_;

		child(sub {
			my $bad = 0;

			for my $round (1 .. $rounds) {
				for (my $i = $nr; $i < $pages; $i += $children) {
					$bad++ if $round > 1 &&
						$shm->read($i * $page, $page) ne
						pattern($i, $round - 1);
					$shm->write(pattern($i, $round), $i * $page, $page);
				}
			}
			return !$bad;
		})
	} 0 .. $children - 1);
	is($shm->stat->nattch, 1, 'attaches');
	$shm->read($_ * $page, $page) eq pattern($_, $rounds) or $wrong++ for 0 .. $pages - 1;
	is($wrong, 0, 'pages that are not as a child wrote them');
	ok($shm->detach && $shm->remove, 'detach, remove');
}

subtest($_, main->can("case_$_")) for @ARGV;
done_testing();
